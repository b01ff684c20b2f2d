"""`switchboard …`: the commands, given what they start."""

from collections.abc import Callable
from typing import Any

import click

from adapters.settings import Backend, Settings, SettingsAreWrong, load_settings


class SettingsProblem(click.ClickException):
    """Printed as it is, one line for each wrong setting; exit code 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        for line in self.message.splitlines():
            click.echo(f"switchboard: {line}", err=True)


def create_cli(serve: Callable[[Settings], None]) -> click.Group:
    @click.group(context_settings={"help_option_names": ["-h", "--help"]})
    @click.version_option(package_name="switchboard")
    def switchboard() -> None:
        """Switchboard: chat, rooms, notifications, analytics and jobs over WebSockets.

        Settings come from the environment or .env; .env.example lists them all.
        """

    @switchboard.command("serve")
    @click.option("--host", help="Address to listen on.  [default: HOST or 127.0.0.1]")
    @click.option("--port", type=int, help="Port, 0 for any free one.  [default: PORT or 8080]")
    @click.option("--backend", type=click.Choice(list(Backend)), help="Where state lives.")
    def serve_command(**options: Any) -> None:
        """Serve the page, the sockets and the API."""
        serve(_settings(options))

    return switchboard


def _settings(options: dict[str, Any]) -> Settings:
    given = {name: value for name, value in options.items() if value is not None}
    try:
        return load_settings(**given)
    except SettingsAreWrong as error:
        raise SettingsProblem(str(error)) from None
