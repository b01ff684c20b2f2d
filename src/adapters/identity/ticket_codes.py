"""Tickets as texts, by what an implementation knows one, and when its token is over."""

import hashlib
import secrets

from application.identity_ports import Ticket
from application.ports import Clock
from domain.identity import Identity

BYTES = 32
"""Of chance: nobody guesses as many."""


def new_ticket() -> tuple[Ticket, str]:
    """One that was never given out, and its digest."""
    ticket = Ticket(secrets.token_urlsafe(BYTES))
    return ticket, digest(ticket)


def digest(ticket: str) -> str:
    """What is stored in a ticket's place, so that whoever reads a store has no tickets."""
    return hashlib.sha256(ticket.encode(errors="surrogatepass")).hexdigest()


def is_over(identity: Identity, clock: Clock) -> bool:
    """Whether its token is: no ticket outlives it."""
    return identity.expires_at is not None and identity.expires_at <= clock.now()
