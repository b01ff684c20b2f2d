import assert from "node:assert/strict";
import { test } from "node:test";
import { Nameless } from "../../src/adapters/http/static/nameless.js";

const joined = () => ({ textContent: "📢 Someone joined the chat" });
const someone = (id) => ({ id, name: "Someone" });

test("a notice about someone says the name once it is known", () => {
  const [nameless, first, second, anothers] = [new Nameless(), joined(), joined(), joined()];
  nameless.keep(someone("~a"), first);
  nameless.keep(someone("~a"), second);
  nameless.keep(someone("~b"), anothers);
  nameless.tell(null);
  nameless.tell(someone("~a")); // no name yet
  nameless.tell({ id: "~a", name: "Ada $&" });
  nameless.tell({ id: "~a", name: "Bob" }); // another name changes nothing that was told
  assert.equal(first.textContent, "📢 Ada $& joined the chat");
  assert.equal(second.textContent, "📢 Ada $& joined the chat");
  assert.equal(anothers.textContent, "📢 Someone joined the chat");
});

test("a notice that tells a name is left alone", () => {
  const [nameless, text] = [new Nameless(), { textContent: "📢 Ada joined Someone's chat" }];
  nameless.keep({ id: "ada", name: "Ada" }, text);
  nameless.tell({ id: "ada", name: "Bob" });
  assert.equal(text.textContent, "📢 Ada joined Someone's chat");
});

test("what is shown no more is not kept", () => {
  const [nameless, gone, shown] = [new Nameless(), joined(), joined()];
  nameless.keep(someone("~a"), gone);
  nameless.keep(someone("~a"), shown);
  nameless.forget(gone);
  nameless.tell({ id: "~a", name: "Ada" });
  assert.equal(gone.textContent, "📢 Someone joined the chat");
  assert.equal(shown.textContent, "📢 Ada joined the chat");
  nameless.keep(someone("~b"), gone);
  nameless.clear();
  nameless.tell({ id: "~b", name: "Bob" });
  assert.equal(gone.textContent, "📢 Someone joined the chat");
});
