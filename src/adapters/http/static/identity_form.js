// In the header: a name to choose, and a token to sign in with.

import { fieldOf, find, partOf, write } from "./dom.js";

/** @typedef {import("./identity.js").Identity} Identity */

const time = new Intl.DateTimeFormat([], { timeStyle: "medium" });

/**
 * `introduce()` has every connection say anew who this page is, `restart()` opens every connection anew.
 * @param {Identity} identity
 * @param {{introduce: () => void, restart: () => void}} connections
 */
export function startIdentityForm(identity, { introduce, restart }) {
  const root = find(document, "#identity");
  const [name, token] = [fieldOf(root, "name"), fieldOf(root, "token")];
  const details = /** @type {HTMLDetailsElement} */ (partOf(root, "sign-in"));

  const choose = () => {
    if (identity.token === null && identity.choose(name.value)) {
      introduce();
    }
  };
  partOf(root, "name-form").addEventListener("submit", (event) => {
    event.preventDefault();
    choose();
  });
  name.addEventListener("change", choose);

  partOf(root, "token-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = token.value;
    token.value = ""; // it stands nowhere longer than it has to
    if (identity.signIn(text)) {
      introduce();
    }
  });
  partOf(root, "sign-out").addEventListener("click", () => {
    identity.signOut();
    restart();
    token.focus();
  });
  details.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      fold(details);
    }
  });

  const shown = { wantsToken: false, token: /** @type {string | null} */ (null) };
  const draw = () => {
    const { token: held, member, expiresAt, wantsToken } = identity;
    drawName(name, identity);
    tell(root, "name-refusal", identity.refusals.name);
    tell(root, "token-refusal", identity.refusals.token);
    tell(root, "note", identity.note);
    const isSignedIn = held !== null && !wantsToken;
    write(partOf(root, "summary"), isSignedIn ? "Signed in" : "Sign in");
    const until = expiresAt === null ? "" : ` until ${time.format(expiresAt * 1000)}`;
    tell(root, "signed-in", isSignedIn ? `Signed in as ${member?.name ?? "somebody"}${until}` : "");
    partOf(root, "sign-out").hidden = held === null;
    if (wantsToken && !shown.wantsToken) {
      details.open = true;
    } else if (held !== null && held !== shown.token) {
      fold(details);
    }
    Object.assign(shown, { wantsToken, token: held });
  };
  identity.addEventListener("change", draw);
  draw();
}

/**
 * What is being typed is left alone.
 * @param {import("./dom.js").Field} field
 * @param {Identity} identity
 */
function drawName(field, identity) {
  field.disabled = identity.token !== null;
  field.title = field.disabled ? "Your token says your name" : "";
  field.setAttribute("aria-invalid", String(identity.refusals.name !== ""));
  if (identity.refusals.name === "" && document.activeElement !== field) {
    field.value = identity.name;
  }
}

/**
 * @param {HTMLElement} root
 * @param {string} role
 * @param {string} words
 */
function tell(root, role, words) {
  const place = partOf(root, role);
  write(place, words);
  place.hidden = words === "";
}

/** @param {HTMLDetailsElement} details */
function fold(details) {
  if (details.contains(document.activeElement)) {
    find(details, "summary").focus();
  }
  details.open = false;
}
