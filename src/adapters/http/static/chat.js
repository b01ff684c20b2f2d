// Public chat on the real-time lane: everybody who is here now hears it.

import { conversationRow } from "./frames.js";
import { Panel } from "./panel.js";
import { written } from "./say_form.js";

// The server puts this before what somebody says.
const SAID = "💬 ";

/** @param {import("./identity.js").Identity} identity */
export function startChat(identity) {
  const panel = new Panel("chat", identity, {
    compose: (text) => ["chat", { message: written(text) }],
    frames: {
      chat_notification: (_payload, frame) => panel.show(frame, conversationRow(frame, SAID)),
    },
  });
  panel.connect("/ws/chat");
  return panel;
}
