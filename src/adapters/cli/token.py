"""`switchboard token`: one token, for development and for first steps."""

import json
from typing import Any

import click

from adapters.cli.problems import UsageProblem, explained
from adapters.cli.programs import Programs
from adapters.environment import load_settings
from adapters.settings_group import PREFIX
from domain.audiences import AudienceKind
from domain.capabilities import ANY, EVERYTHING, Capabilities

HOUR = 3600.0

SHORT_FORM = "room:lobby=sub,pub;chat=sub"

CHANNELS = "use " + ", ".join(f"{kind}:…" if kind.has_keys else kind for kind in AudienceKind)


def token_command(programs: Programs) -> click.Command:
    @click.command()
    @click.option("--sub", "subject", required=True, help="The member's id, 1 to 200 characters.")
    @click.option("--name", help="What others see.  [default: Someone]")
    @click.option(
        "--caps",
        help=f"What the member may do, and nothing else: {SHORT_FORM}, or the claim as JSON."
        " Rights are sub, pub, prs and hst; [] is none.  [default: everything that members may]",
    )
    @click.option(
        "--ttl",
        type=float,
        metavar="SECONDS",
        help="For how long it is believed, at most AUTH_MAX_LIFETIME.  [default: 3600, or that]",
    )
    @explained
    def token(subject: str, name: str | None, caps: str | None, ttl: float | None) -> None:
        """Print a token, signed with AUTH_SECRET.

        \b
        export SWITCHBOARD_AUTH=jwt SWITCHBOARD_AUTH_SECRET=$(openssl rand -hex 32)
        switchboard token --sub ada --name Ada --ttl 600
        switchboard token --sub bot --caps 'room:team:*=sub,hst;chat=sub'
        switchboard token --sub bot --caps '[{"channels": ["chat"], "allow": ["sub"]}]'
        """
        settings = load_settings()
        capabilities = EVERYTHING if caps is None else parse_caps(caps)
        click.echo(
            programs.mint(
                settings,
                subject,
                name=name,
                capabilities=capabilities,
                expires_in=min(HOUR, settings.auth.max_lifetime) if ttl is None else ttl,
            )
        )
        # Not on standard output, where a script reads the token.
        if not settings.auth.takes_tokens:
            click.echo(f"switchboard: servers take it with {PREFIX}AUTH=jwt", err=True)
        for pattern in unknown_channels(capabilities):
            click.echo(f"switchboard: {pattern!r} in --caps is no channel; {CHANNELS}", err=True)

    return token


def parse_caps(text: str) -> Capabilities:
    """JSON, or the short form; raises `UsageProblem`, `CapabilitiesAreImpossible`."""
    if text.lstrip().startswith("["):
        try:
            claim: Any = json.loads(text)
        except (ValueError, RecursionError):
            raise UsageProblem("--caps begins like JSON, and is none.") from None
        return Capabilities.parse(claim)
    grants = []
    for part in text.split(";"):
        # The last one: a room's name may have others.
        channel, _, rights = (piece.strip() for piece in part.rpartition("="))
        if not (channel and rights):
            raise UsageProblem(f"--caps is written like {SHORT_FORM}, or as JSON.")
        allow = [right.strip() for right in rights.split(",")]
        grants.append({"channels": [channel], "allow": allow})
    return Capabilities.parse(grants)


def unknown_channels(capabilities: Capabilities) -> list[str]:
    """The patterns that no channel of this release matches. They are no error: a token may be for
    a newer one."""
    patterns = [pattern for grant in capabilities.grants or () for pattern in grant.channels]
    return [pattern for pattern in patterns if not _is_known(pattern)]


def _is_known(pattern: str) -> bool:
    first, colon, _ = pattern.partition(":")
    return first == ANY or any(
        first == kind and bool(colon) == kind.has_keys for kind in AudienceKind
    )
