"""Who sends a request: every carrier of a token, their order, and whoever brings none."""

import base64
from typing import Any

import pytest

from adapters.authenticator import TOKEN_PROTOCOL, Authenticator
from adapters.environment import load_settings
from adapters.visitors import Visitors
from application.errors import Unavailable
from domain.errors import NotAuthenticated, TokenIsInvalid
from domain.identity import NOBODY, OPERATOR, VISITOR_MARK
from tests.doubles import BEGINNING, ManualClock, address_limits
from tests.identities import KnownTokens, NumberedTickets, authentication, identity

KEY = "a-key-of-the-API"
ADA, BOB, EVE = identity("ada"), identity("bob"), identity("eve")
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl"


def offered(token: str) -> str:
    return TOKEN_PROTOCOL + base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")


def request(
    *headers: tuple[str, str], query: str = "", protocols: tuple[str, ...] = (), socket: bool = True
) -> dict[str, Any]:
    return {
        "type": "websocket" if socket else "http",
        "scheme": "ws",
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "query_string": query.encode(),
        "subprotocols": list(protocols),
        "client": ("192.0.2.7", 1234),
    }


def bearer(token: str) -> tuple[str, str]:
    return "authorization", f"Bearer {token}"


@pytest.fixture
def tokens() -> KnownTokens:
    return KnownTokens(ada=ADA, bob=BOB, eve=EVE)


@pytest.fixture
def tickets() -> NumberedTickets:
    return NumberedTickets()


def authenticator(
    tokens: KnownTokens, tickets: NumberedTickets, *modes: str, keys: str = KEY
) -> Authenticator:
    settings = load_settings(
        _env_file=None, auth=",".join(modes), auth_secret="s" * 32, api_keys=keys
    ).auth
    service = authentication(tokens, tickets=tickets)
    return Authenticator(service, Visitors("secret"), settings, ManualClock(), address_limits())


@pytest.fixture
def ours(tokens: KnownTokens, tickets: NumberedTickets) -> Authenticator:
    return authenticator(tokens, tickets, "jwt")


async def who(by: Authenticator, scope: dict[str, Any]) -> object:
    return (await by.authenticate(scope)).caller.identity


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_token_may_come_in_a_header(ours: Authenticator, scheme: str) -> None:
    scope = request(("authorization", f"{scheme} ada"))

    arrival = await ours.authenticate(scope)

    assert arrival.caller.identity == ADA
    assert arrival.caller.address == "192.0.2.7"
    assert arrival.new_cookie is None
    assert not arrival.is_awaited


@pytest.mark.parametrize("others", [(), ("switchboard.v1",), ("chat", "switchboard.v1")])
async def test_a_token_may_be_offered_as_a_subprotocol(
    ours: Authenticator, others: tuple[str, ...]
) -> None:
    assert await who(ours, request(protocols=(*others, offered("ada")))) == ADA


async def test_a_ticket_is_good_for_one_socket(
    ours: Authenticator, tickets: NumberedTickets
) -> None:
    ticket = await tickets.issue(ADA)

    assert await who(ours, request(query=f"since=x&ticket={ticket}")) == ADA
    with pytest.raises(TokenIsInvalid):
        await ours.authenticate(request(query=f"ticket={ticket}"))


async def test_a_ticket_is_for_sockets_alone(ours: Authenticator, tickets: NumberedTickets) -> None:
    ticket = await tickets.issue(ADA)

    with pytest.raises(NotAuthenticated):
        await ours.authenticate(request(query=f"ticket={ticket}", socket=False))

    assert await who(ours, request(query=f"ticket={ticket}")) == ADA


async def test_the_first_carrier_counts(ours: Authenticator, tickets: NumberedTickets) -> None:
    ticket = await tickets.issue(EVE)
    query = f"ticket={ticket}"

    assert await who(ours, request(bearer("ada"), query=query, protocols=(offered("bob"),))) == ADA
    assert await who(ours, request(query=query, protocols=(offered("bob"),))) == BOB
    assert await who(ours, request(query=query)) == EVE


async def test_a_bad_token_is_not_made_up_for_by_another_carrier(ours: Authenticator) -> None:
    with pytest.raises(TokenIsInvalid):
        await ours.authenticate(request(bearer("unknown"), protocols=(offered("ada"),)))


@pytest.mark.parametrize(
    "query",
    [
        f"token={JWT}",
        f"ticket={JWT}",
        f"since={JWT}",
        f"x=Bearer%20{JWT}",
        JWT,
        f"{JWT}=1",
        f"token={JWT}&token=another",
    ],
)
@pytest.mark.parametrize("socket", [True, False])
async def test_a_token_in_an_address_is_refused(
    ours: Authenticator, query: str, socket: bool
) -> None:
    with pytest.raises(TokenIsInvalid, match="logged"):
        await ours.authenticate(request(bearer("ada"), query=query, socket=socket))


@pytest.mark.parametrize(
    "scope",
    [
        request(bearer("ada"), bearer("bob")),
        request(bearer("")),
        request(protocols=(offered("ada"), offered("bob"))),
        request(protocols=(TOKEN_PROTOCOL,)),
        request(protocols=(TOKEN_PROTOCOL + "a",)),
        request(protocols=(TOKEN_PROTOCOL + "a+b/",)),
        request(protocols=(TOKEN_PROTOCOL + "_w",)),
        request(("x-api-key", "no key")),
        request(("x-api-key", KEY), ("x-api-key", KEY)),
        request(bearer("\xff\xfe")),
        request(query="ticket="),
        request(query="ticket=%ff%00"),
    ],
)
async def test_what_is_no_token_is_refused(ours: Authenticator, scope: dict[str, Any]) -> None:
    with pytest.raises(TokenIsInvalid):
        await ours.authenticate(scope)


async def test_another_scheme_says_nothing_of_who_it_is(ours: Authenticator) -> None:
    arrival = await ours.authenticate(request(("authorization", "Basic YWRhOmFkYQ==")))

    assert arrival.is_awaited


async def test_a_socket_that_shows_nothing_may_still_say_who_it_is(ours: Authenticator) -> None:
    arrival = await ours.authenticate(request())

    assert arrival.is_awaited
    assert arrival.caller.identity is NOBODY


async def test_a_request_that_shows_nothing_is_refused(ours: Authenticator) -> None:
    with pytest.raises(NotAuthenticated):
        await ours.authenticate(request(socket=False))


@pytest.mark.parametrize("header", [bearer(KEY), ("x-api-key", KEY)])
async def test_a_key_of_the_api_is_the_operators(
    ours: Authenticator, header: tuple[str, str]
) -> None:
    assert await who(ours, request(header, socket=False)) is OPERATOR


@pytest.mark.parametrize("key", ["", KEY[:-1], KEY + "x", KEY.upper()])
async def test_what_is_nearly_a_key_is_none(ours: Authenticator, key: str) -> None:
    with pytest.raises(NotAuthenticated):
        await ours.authenticate(request(("x-api-key", key), socket=False))


async def test_without_keys_no_text_is_one(tokens: KnownTokens, tickets: NumberedTickets) -> None:
    keyless = authenticator(tokens, tickets, "anonymous", keys="")

    with pytest.raises(TokenIsInvalid):
        await keyless.authenticate(request(("x-api-key", "")))


@pytest.mark.parametrize("socket", [True, False])
async def test_where_visitors_are_taken_nothing_has_to_be_shown(
    tokens: KnownTokens, tickets: NumberedTickets, socket: bool
) -> None:
    both = authenticator(tokens, tickets, "anonymous", "jwt")

    arrival = await both.authenticate(request(socket=socket))

    assert arrival.caller.member.id.startswith(VISITOR_MARK)
    assert arrival.caller.identity.issued_at == BEGINNING
    assert not arrival.caller.identity.has_token
    assert arrival.new_cookie is not None
    assert await who(both, request(bearer("ada"), socket=socket)) == ADA


async def test_a_bad_token_is_refused_where_visitors_are_taken_too(
    tokens: KnownTokens, tickets: NumberedTickets
) -> None:
    with pytest.raises(TokenIsInvalid):
        await authenticator(tokens, tickets, "anonymous", "jwt").authenticate(
            request(bearer("unknown"))
        )


async def test_the_page_plants_no_cookie_where_no_visitors_are_taken(
    tokens: KnownTokens, tickets: NumberedTickets, ours: Authenticator
) -> None:
    scope = request(socket=False)

    assert ours.page_cookie(scope) is None
    assert authenticator(tokens, tickets, "anonymous").page_cookie(scope) is not None


async def test_keys_that_can_not_be_had_are_no_reason_to_let_anybody_in(
    tokens: KnownTokens, ours: Authenticator
) -> None:
    tokens.failure = Unavailable()

    with pytest.raises(Unavailable):
        await ours.authenticate(request(bearer("ada")))
