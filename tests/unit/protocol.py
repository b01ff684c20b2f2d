"""`docs/protocol.md` and the AsyncAPI document, read the same way."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROTOCOL = Path(__file__).parents[2] / "docs" / "protocol.md"


def sections() -> dict[str, str]:
    """What stands under each heading."""
    parts = re.split(r"^#+ (.+)\n", PROTOCOL.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def rows(section: str, table: int = 0) -> list[list[str]]:
    """The cells of a table, without its head."""
    tables = re.findall(r"^\|.+\n\|[-|]+\|\n((?:\|.+\n)+)", sections()[section], re.MULTILINE)
    return [
        [cell.strip() for cell in line.removeprefix("|").removesuffix("|").split("|")]
        for line in tables[table].splitlines()
    ]


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def resolved(document: Any, value: Any) -> Any:
    while "$ref" in value:
        place = document
        for step in value["$ref"].removeprefix("#/").split("/"):
            place = place[step]
        value = place
    return value


def payload_of(document: Any, message: Any) -> tuple[str, Any]:
    """A message's action, and the schema of its payload."""
    properties = resolved(document, resolved(document, message)["payload"])["properties"]
    return properties["action"]["const"], properties.get("payload", {"type": "null"})


def messages_of(document: Any, *, of_topics: bool = True) -> Iterator[tuple[str, str, Any]]:
    """Address, who sends it, and a reference to each message of each socket, perhaps without what
    `/ws/topics` carries for others."""
    for operation in document["operations"].values():
        channel = resolved(document, operation["channel"])
        if "x-topic" in channel and not of_topics:
            continue
        address = channel["address"]
        sender = "client" if operation["action"] == "receive" else "server"
        for message in operation["messages"]:
            yield address, sender, message
        for message in operation.get("reply", {}).get("messages", ()):
            yield address, "server", message


def actions(document: Any, sender: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for address, by, message in messages_of(document, of_topics=False):
        found.setdefault(address, set())
        if by == sender:
            found[address].add(payload_of(document, message)[0])
    return found


def fields(document: Any, schema: Any) -> str:
    """A payload as the page has it: `{message}`, `{event, data?}`, `null`; "" if it has forms."""
    schema = resolved(document, schema)
    if schema.get("type") == "null":
        return "null"
    if "properties" not in schema:
        return ""
    required = schema.get("required", ())
    names = [name if name in required else f"{name}?" for name in schema["properties"]]
    return f"{{{', '.join(names)}}}"
