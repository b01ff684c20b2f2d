"""`examples/login.py` beside a real server, as docs/how-to/authenticate.md has it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from websockets.exceptions import InvalidStatus

from tests.integration.attacks.attacker import offered
from tests.integration.client import Client
from tests.integration.processes import Server, free_port
from tests.integration.program import ROOT, Program

SECRET = "what the application and Switchboard share, 32 bytes"
GUIDE = ROOT / "docs" / "how-to" / "authenticate.md"
KEY = "the-key-of-the-application"


class Service(Server):
    """Switchboard as the example's first lines set it up."""

    def __init__(self, folder: Path, page: str) -> None:
        super().__init__(folder, **settings_of_the_example(page))


def settings_of_the_example(page: str) -> dict[str, str]:
    first_lines = (ROOT / "examples" / "login.py").read_text("utf-8").split('"""')[1]
    values = {
        "$LOGIN_SECRET": SECRET,
        "$LOGIN_API_KEY": KEY,
        "http://127.0.0.1:8000": page,
    }
    settings = re.findall(r"(SWITCHBOARD_\w+)=(\S+)", first_lines)
    return {name: values.get(value, value) for name, value in settings}


class Application(Program):
    """The example, which `page` is the address of."""

    def __init__(self, folder: Path, port: int, switchboard: str) -> None:
        command = [sys.executable, "-m", "uvicorn", "--app-dir", str(ROOT / "examples")]
        settings = {"LOGIN_SECRET": SECRET, "LOGIN_API_KEY": KEY, "SWITCHBOARD": switchboard}
        super().__init__([*command, "login:app", "--port", str(port)], folder, settings)
        self.page = f"http://127.0.0.1:{port}"

    def start(self) -> None:
        super().start()
        self.wait_for_log("Application startup complete")


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Service, Application]]:
    port, folder = free_port(), tmp_path_factory.mktemp("login")
    with (
        Service(folder, f"http://127.0.0.1:{port}") as service,
        Application(folder, port, service.url) as application,
    ):
        yield service, application
    service.check_log()


def browser(application: Application) -> httpx2.AsyncClient:
    """With its cookies."""
    return httpx2.AsyncClient(base_url=application.page, trust_env=False, follow_redirects=True)


async def log_in(page: httpx2.AsyncClient, name: str) -> str:
    answer = await page.post("/login", data={"name": name, "password": "secret"})
    assert answer.status_code == 200, answer.text
    return str((await page.get("/token")).json()["token"])


def room(service: Service, application: Application, token: str, name: str = "lobby") -> Client:
    """A socket as the page of the example opens it."""
    return Client(
        service.url,
        f"/ws/room/{name}",
        headers={"Origin": application.page},
        subprotocols=offered(token),
    )


async def test_whoever_logs_in_talks_with_its_name_renews_and_is_out_after_logging_out(
    stage: tuple[Service, Application],
) -> None:
    service, application = stage
    async with browser(application) as ada, browser(application) as bob:
        tokens = await log_in(ada, "ada"), await log_in(bob, "bob")
        async with (
            room(service, application, tokens[0]) as hers,
            room(service, application, tokens[1]) as his,
        ):
            await hers.send("room_chat", {"message": "hello"})
            said: Any = await his.receive("room_notification", kind="said")
            assert said["payload"]["member"] == {"id": "ada", "name": "Ada"}

            newer = (await ada.get("/token")).json()["token"]
            await hers.send("authenticate", {"token": newer})
            await hers.receive("authenticated")

            await ada.post("/logout")
            assert await hers.ended() == 4401
            await his.until_pong()
        assert hers.payloads("disconnect")[0]["reason"] == "token_revoked"
        assert (await ada.get("/token")).status_code == 401
    for token in (tokens[0], newer):
        async with httpx2.AsyncClient(base_url=service.url, trust_env=False) as http:
            answer = await http.get("/api/rooms", headers={"Authorization": f"Bearer {token}"})
        assert answer.json()["error"]["code"] == "token_revoked"


def test_the_example_s_first_lines_set_what_both_need(
    stage: tuple[Service, Application],
) -> None:
    _, application = stage
    assert settings_of_the_example(application.page) == {
        "SWITCHBOARD_AUTH": "jwt",
        "SWITCHBOARD_AUTH_SECRET": SECRET,
        "SWITCHBOARD_API_KEYS": KEY,
        "SWITCHBOARD_ALLOWED_ORIGINS": application.page,
    }


async def test_a_token_of_the_example_opens_what_its_caps_say_and_nothing_else(
    stage: tuple[Service, Application],
) -> None:
    service, application = stage
    async with browser(application) as page:
        token = await log_in(page, "ada")
    for name in ("lobby", "ada:notes"):
        async with room(service, application, token, name) as client:
            await client.send("room_chat", {"message": "hello"})
            await client.receive("room_notification", kind="said")
    for name in ("bob:notes", "hall"):
        with pytest.raises(InvalidStatus) as refused:
            async with room(service, application, token, name):
                pass
        assert refused.value.response.status_code == 403


@pytest.mark.parametrize(("name", "password"), [("ada", "wrong"), ("eve", "secret"), ("", "")])
async def test_whoever_the_application_does_not_know_gets_no_token(
    stage: tuple[Service, Application], name: str, password: str
) -> None:
    _, application = stage
    async with browser(application) as page:
        answer = await page.post("/login", data={"name": name, "password": password})
        assert answer.status_code == 403
        assert (await page.get("/token")).status_code == 401


def test_the_commands_of_the_guide_work_as_they_are_typed(
    stage: tuple[Service, Application], tmp_path: Path
) -> None:
    """Against a server that runs already, in one shell that asks to see every failure."""
    if shutil.which("curl") is None:
        pytest.skip("there is no curl")
    service, _ = stage
    _, *blocks = re.findall(
        r"^```sh\n(.*?)^```", GUIDE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    env = f"SWITCHBOARD_AUTH=jwt\nSWITCHBOARD_AUTH_SECRET='{SECRET}'\nSWITCHBOARD_API_KEYS={KEY}\n"
    (tmp_path / ".env").write_text(env)
    script = "".join(['set -e\ncurl() { command curl -S --fail-with-body "$@"; }\n', *blocks])
    done = subprocess.run(
        ["sh", "-c", script.replace("127.0.0.1:8080", service.url.removeprefix("http://"))],
        check=False,
        cwd=tmp_path,
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("Connected to ws://") == 2, done.stdout
    for part in ('"status":"queued"', '"jobs":[{"job_id":', '{"revoked":1}', '"status":"accepted"'):
        assert part in done.stdout
