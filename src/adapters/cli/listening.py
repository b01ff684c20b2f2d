"""The sockets a server listens on: bound once, and handed to each process that serves."""

import contextlib
import errno
import logging
import os
import socket
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

from adapters.auth_settings import AuthSettings
from adapters.cli.problems import Problem
from adapters.settings import Settings
from adapters.settings_group import PREFIX

log = logging.getLogger(__name__)

BACKLOG = 2048
"""Connections that may wait while processes start or restart; uvicorn's own number."""

FAMILY_IS_OFF = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL}
"""`localhost` has an IPv6 address even where IPv6 is switched off: the other one will do."""

EVERYWHERE = "::"
"""On IPv4, too: that is what it means to most servers. `0.0.0.0` means IPv4 alone."""


@contextlib.contextmanager
def listening(settings: Settings, fds: Sequence[int] = ()) -> Iterator[list[socket.socket]]:
    """Listen where the settings say, or on the sockets that were handed over as `fds`, until the
    end.

    Raises `Problem`, also where strangers could come in whom nobody meant to let in.
    """
    server = settings.server
    with contextlib.ExitStack() as stack:
        listeners = adopt(fds) if fds else listen(server.host, server.port)
        for listener in listeners:
            stack.enter_context(listener)
        if settings.auth.takes_anonymous and not settings.auth.public:
            _refuse_strangers(listeners)
        if not fds:  # else whoever handed them over has said so
            _tell_unused_keys(settings.auth)
        yield listeners


def _refuse_strangers(listeners: Iterable[socket.socket]) -> None:
    reachable = [address for address in map(_address_of, listeners) if not address.is_loopback]
    if reachable:
        raise Problem(
            f"{reachable[0]} can be reached from other machines, and anonymous in {PREFIX}AUTH lets"
            f" everybody in. Set {PREFIX}AUTH=jwt with {PREFIX}AUTH_SECRET, or"
            f" {PREFIX}AUTH_PUBLIC=true if everybody shall come in."
        )


def _tell_unused_keys(auth: AuthSettings) -> None:
    """Whoever sets keys means to let in only whom they name."""
    if not auth.takes_tokens and (auth.secret or auth.jwks):
        name = "AUTH_SECRET" if auth.secret else "AUTH_JWKS"
        log.warning(
            "%s%s is set, but no token is taken and everybody may come in: is %sAUTH=jwt meant?",
            PREFIX,
            name,
            PREFIX,
        )


def _address_of(listener: socket.socket) -> IPv4Address | IPv6Address:
    if listener.family not in (socket.AF_INET, socket.AF_INET6):
        # A file, which only this machine has.
        return IPv4Address("127.0.0.1")
    return ip_address(listener.getsockname()[0].partition("%")[0])


def listen(host: str, port: int) -> list[socket.socket]:
    """Listen on every address of `host` (on all of this machine for `::`), on one port;
    raises `Problem`.
    """
    try:
        found = socket.getaddrinfo(
            None if host == EVERYWHERE else host,
            port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )
    except (OSError, UnicodeError):
        raise Problem(f"can't listen on {host!r}: no such address. Is HOST right?") from None
    listeners: list[socket.socket] = []
    problem: OSError | None = None
    for family, kind, protocol, _name, address in dict.fromkeys(found):
        # Port 0 means any free port for the first address, and the same for the others.
        chosen = listeners[0].getsockname()[1] if listeners else port
        try:
            listeners.append(_listener(family, kind, protocol, (address[0], chosen, *address[2:])))
        except OSError as error:
            problem = error
            if error.errno not in FAMILY_IS_OFF:
                break
    if problem is None or (listeners and problem.errno in FAMILY_IS_OFF):
        return listeners
    for listener in listeners:
        listener.close()
    raise Problem(_why(problem, host, port))


def adopt(fds: Iterable[int]) -> list[socket.socket]:
    """The listening sockets that were handed to this process; raises `Problem`."""
    try:
        return [socket.socket(fileno=fd) for fd in fds]
    except OSError as error:
        raise Problem(f"--fd names no socket: {error.strerror}.") from None


def url_of(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _listener(
    family: int, kind: int, protocol: int, address: tuple[str | int, ...]
) -> socket.socket:
    # With its protocol named: asyncio sends small frames at once only on sockets that name it.
    listener = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # on Windows it would let two servers share a port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # IPv4 has a socket of its own.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _why(error: OSError, host: str, port: int) -> str:
    where = f"port {port} on {host}"
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"{where} is in use. Stop what listens there, or choose another port: "
                f"--port NUMBER or PORT=NUMBER; 0 takes any free one."
            )
        case errno.EACCES:
            return f"{where} needs more rights. Choose a port from 1024 up: --port 8080."
        case errno.EADDRNOTAVAIL:
            return f"can't listen on {host}: this machine has no such address. Is HOST right?"
        case _:
            return f"can't listen on {where}: {error.strerror}."
