// Public chat on the real-time lane: everybody who is here now hears it.

import { Panel, written } from "./panel.js";

export function startChat() {
  const panel = new Panel("chat", {
    compose: (text) => ["chat", { message: written(text) }],
    frames: {
      chat_notification: ({ message }, frame) => panel.show(frame, { text: message }),
    },
  });
  panel.connect("/ws/chat");
  return panel;
}
