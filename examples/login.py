"""An application that logs its users in, beside Switchboard: docs/how-to/authenticate.md.

Both know one secret and one key, and Switchboard lets pages of the application in:

    export LOGIN_SECRET=$(openssl rand -hex 32) LOGIN_API_KEY=$(openssl rand -hex 16)
    export SWITCHBOARD_AUTH=jwt SWITCHBOARD_AUTH_SECRET=$LOGIN_SECRET
    export SWITCHBOARD_API_KEYS=$LOGIN_API_KEY SWITCHBOARD_ALLOWED_ORIGINS=http://127.0.0.1:8000
    .venv/bin/uvicorn --app-dir examples login:app --port 8000 &
    make run

Open http://127.0.0.1:8000 and log in as ada or bob, with the password `secret`.
"""

import hashlib
import hmac
import os
import secrets
import time
from typing import Annotated, Any
from urllib.parse import parse_qsl

import httpx2
import jwt
from fastapi import Cookie, Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

SWITCHBOARD = os.environ.get("SWITCHBOARD", "http://127.0.0.1:8080")
SECRET = os.environ["LOGIN_SECRET"]  # Switchboard's AUTH_SECRET
API_KEY = os.environ["LOGIN_API_KEY"]  # one of its API_KEYS
TOKEN_SECONDS = 300
"""Short: the page fetches a new one before this one ends, and who is logged out gets none."""


def scrambled(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


# An application of yours has a database of users. These two are enough to try it.
SALT = secrets.token_bytes(16)
USERS = {"ada": scrambled("secret", SALT), "bob": scrambled("secret", SALT)}
LOGINS: dict[str, str] = {}
"""Who is logged in, by what the cookie holds."""

app = FastAPI()


async def form(request: Request) -> dict[str, str]:
    """By hand, as FastAPI's own way to read forms needs another package."""
    return dict(parse_qsl((await request.body()).decode(errors="replace")))


@app.post("/login")
def login(sent: Annotated[dict[str, str], Depends(form)]) -> Response:
    name, password = sent.get("name", ""), sent.get("password", "")
    known = USERS.get(name, b"")
    if not hmac.compare_digest(known, scrambled(password, SALT)):
        raise HTTPException(403, "No such user, or another password.")
    login_id = secrets.token_urlsafe(24)
    LOGINS[login_id] = name
    answer = RedirectResponse("/", 303)
    answer.set_cookie("login", login_id, httponly=True, samesite="strict")
    return answer


@app.get("/token")
def token(login: Annotated[str, Cookie()] = "") -> dict[str, Any]:
    """A token for whoever is logged in. The page asks again before it expires."""
    name = LOGINS.get(login)
    if name is None:
        raise HTTPException(401, "Log in first.")
    now = time.time()
    claims = {
        "sub": name,
        "info": {"name": name.capitalize()},
        "sid": session_of(login),
        "jti": secrets.token_hex(16),
        "iat": now,
        "exp": int(now) + TOKEN_SECONDS,
        # Everybody's lobby, one's own rooms, and one's own jobs. Without caps: everything.
        "caps": [
            {"channels": ["room:lobby", f"room:{name}:*"], "allow": ["sub", "pub", "prs", "hst"]},
            {"channels": ["job:*"], "allow": ["sub", "pub", "hst"]},
        ],
    }
    return {"token": jwt.encode(claims, SECRET, "HS256"), "expires_in": TOKEN_SECONDS}


@app.post("/logout")
async def logout(login: Annotated[str, Cookie()] = "") -> Response:
    """Forget the login, and have Switchboard end its sockets wherever they are."""
    if LOGINS.pop(login, None) is not None:
        async with httpx2.AsyncClient(base_url=SWITCHBOARD) as switchboard:
            answer = await switchboard.post(
                "/api/revocations",
                json={"targets": [f"sid:{session_of(login)}"]},
                headers={"authorization": f"Bearer {API_KEY}"},
            )
            answer.raise_for_status()
    return RedirectResponse("/", 303)


def session_of(login_id: str) -> str:
    """What a token says of a login: not the cookie itself, which would be a password in a token."""
    return hashlib.sha256(login_id.encode()).hexdigest()[:32]


@app.get("/")
def page(login: Annotated[str, Cookie()] = "") -> HTMLResponse:
    if login not in LOGINS:
        return HTMLResponse(LOGIN_PAGE)
    return HTMLResponse(CHAT_PAGE.replace("SWITCHBOARD", SWITCHBOARD.replace("http", "ws", 1)))


LOGIN_PAGE = """<!doctype html><title>Log in</title>
<form method="post" action="/login">
<label>Name <input name="name" autofocus></label>
<label>Password <input name="password" type="password"></label>
<button>Log in</button></form>"""

CHAT_PAGE = """<!doctype html><title>Lobby</title>
<form method="post" action="/logout"><button>Log out</button></form>
<ul id="said"></ul>
<form id="say"><input id="text" autofocus><button>Say</button></form>
<script type="module">
const said = document.querySelector("#said");
const show = (text) => {
  said.append(Object.assign(document.createElement("li"), {textContent: text}));
};
const fetchToken = async () => {
  const answer = await fetch("/token");
  if (answer.status === 401) location.reload(); // logged out: the page to log in
  if (!answer.ok) throw new Error(`no token: ${answer.status}`);
  return (await answer.json()).token;
};
const later = (ms = 1000 + 4000 * Math.random()) => setTimeout(connect, ms);
let cursor; // of what was heard last: the way back after a break
const base64url = (text) =>
  btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

async function connect() {
  // A browser can't set headers on a WebSocket: the token travels as a subprotocol.
  const token = await fetchToken().catch(() => null);
  if (token === null) return later();
  const bearer = "base64url.bearer.switchboard." + base64url(token);
  const since = cursor ? "?since=" + encodeURIComponent(cursor) : "";
  const socket = new WebSocket("SWITCHBOARD/ws/room/lobby" + since, ["switchboard.v1", bearer]);
  let told = null;
  const send = (action, payload) => socket.send(JSON.stringify({action, payload}));
  document.querySelector("#say").onsubmit = (event) => {
    event.preventDefault();
    send("room_chat", {message: document.querySelector("#text").value});
    event.target.reset();
  };
  socket.onmessage = async ({data}) => {
    const {action, payload, at, cursor: place} = JSON.parse(data);
    if (action === "room_notification") {
      cursor = place ?? cursor;
      const when = at ? new Date(at).toLocaleTimeString() : "";
      show(`${when} ${payload.member?.name ?? ""}: ${payload.message}`);
    }
    if (action === "auth_expiring") send("authenticate", {token: await fetchToken()});
    if (action === "error") show(payload.detail ?? JSON.stringify(payload));
    if (action === "disconnect") told = payload;
  };
  socket.onclose = () => {
    show(`Disconnected: ${told?.reason ?? "the network is lost, or this page may not connect"}`);
    if (told?.reconnect ?? true) later(told?.after_ms);
  };
}
connect();
</script>"""
