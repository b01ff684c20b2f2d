// System: what you send comes back, to you alone.

import { Panel, written } from "./panel.js";

export function startSystem() {
  const panel = new Panel("system", {
    compose: (text) => ["user_message", { message: written(text) }],
    frames: {
      system_echo: ({ message }, frame) => panel.show(frame, { text: message }),
    },
  });
  panel.connect("/ws/system");
  return panel;
}
