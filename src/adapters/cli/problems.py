"""Errors that a user can act on: a command ends with one line, not with a traceback."""

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import click

from adapters.environment import SettingsAreWrong
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


def explained(command: Callable[P, R]) -> Callable[P, R]:
    """Have a command end with one line, not with a traceback, on errors that a user can act on."""

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
