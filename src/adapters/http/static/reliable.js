// Reliable chat on a durable lane: after a break, the socket asks for what it missed.

import { Panel, written } from "./panel.js";

export function startReliable() {
  const panel = new Panel("reliable", {
    compose: (text) => ["reliable_chat", { message: written(text) }],
    frames: {
      reliable_chat_notification: ({ message }, frame) => panel.show(frame, { text: message }),
    },
  });
  panel.connect("/ws/reliable");
  return panel;
}
