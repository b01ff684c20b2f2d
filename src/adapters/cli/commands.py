"""`switchboard …`: the commands, given the programs that they start."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import click

from adapters.settings import Backend, Settings, SettingsAreWrong, load_settings
from application.errors import Unavailable
from domain.errors import BrokenRule

P = ParamSpec("P")
R = TypeVar("R")


class Problem(click.ClickException):
    """Printed as it is, line by line, without a traceback."""

    def show(self, file: Any = None) -> None:
        for line in self.message.splitlines():
            click.echo(f"switchboard: {line}", err=True)


class UsageProblem(Problem):
    """What was asked for can't be done as it was asked."""

    exit_code = 2


@dataclass(frozen=True, slots=True)
class Programs:
    """What the commands start; bootstrap has them."""

    serve: Callable[[Settings, int | None], None]
    work: Callable[[Settings], None]
    send: Callable[[Settings, str, str, float, int], None]


def create_cli(programs: Programs) -> click.Group:
    @click.group(context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(package_name="switchboard")
    def switchboard() -> None:
        """Switchboard: chat, rooms, notifications, analytics and jobs over WebSockets.

        Settings come from the environment or .env; .env.example lists them all.
        """

    @switchboard.command()
    @click.option("--host", help="Address to listen on.  [default: HOST or 127.0.0.1]")
    @click.option("--port", type=int, help="Port, 0 for any free one.  [default: PORT or 8080]")
    @click.option(
        "--backend", type=click.Choice([b.value for b in Backend]), help="Where state lives."
    )
    @click.option("--fd", type=int, hidden=True)
    @explained
    def serve(fd: int | None, **options: Any) -> None:
        """Serve the page, the sockets and the API."""
        programs.serve(_settings(**options), fd)

    @switchboard.command()
    @explained
    def worker() -> None:
        """Work on the jobs that wait on Redis; as many of these as you like."""
        programs.work(_settings(backend=Backend.REDIS))

    @switchboard.command()
    @click.argument("channel")
    @click.argument("text")
    @click.option("--every", type=click.FloatRange(min=0.01), help="Seconds between periodic ones.")
    @click.option("--count", type=click.IntRange(min=1), help="How many.  [default: 1]")
    @explained
    def send(channel: str, text: str, every: float | None, count: int | None) -> None:
        """Announce TEXT to everybody on CHANNEL, over Redis.

        CHANNEL is chat, reliable, notifications, analytics or room:NAME.
        """
        if every is not None and count is None:
            raise UsageProblem("--every needs --count: how many shall be sent?")
        settings = _settings(backend=Backend.REDIS)
        programs.send(settings, channel, text, every or 0.0, count or 1)

    return switchboard


def explained(command: Callable[P, R]) -> Callable[P, R]:
    """Have a command end with one line instead of a traceback where somebody can act on it."""

    @functools.wraps(command)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except SettingsAreWrong as error:
            raise UsageProblem(str(error)) from None
        except BrokenRule as error:
            raise UsageProblem(error.detail) from None
        except Unavailable as error:
            cause = error.__cause__
            why = f" ({cause})" if cause is not None and str(cause) else ""
            raise Problem(
                f"Redis can't be reached{why}. Is it running, and is REDIS_URL right?"
            ) from None

    return wrapper


def _settings(**options: Any) -> Settings:
    return load_settings(**{name: value for name, value in options.items() if value is not None})
