// Reliable chat on a durable lane: after a break, the socket asks for what it missed.

import { conversationRow } from "./frames.js";
import { Panel } from "./panel.js";
import { written } from "./say_form.js";

// The server puts this before what somebody says.
const SAID = "📨 ";

/** @param {import("./identity.js").Identity} identity */
export function startReliable(identity) {
  const panel = new Panel("reliable", identity, {
    compose: (text) => ["reliable_chat", { message: written(text) }],
    frames: {
      reliable_chat_notification: (_payload, frame) => panel.show(frame, conversationRow(frame, SAID)),
    },
  });
  panel.connect("/ws/reliable");
  return panel;
}
