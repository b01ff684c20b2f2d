"""Errors that a user can act on: a command ends with one line, not with a traceback."""

from typing import Any

import click


class Problem(click.ClickException):
    """Printed as it is, line by line, without a traceback."""

    def show(self, file: Any = None) -> None:
        for line in self.message.splitlines():
            click.echo(f"switchboard: {line}", err=True)


class UsageProblem(Problem):
    """What was asked for can't be done as it was asked."""

    exit_code = 2
