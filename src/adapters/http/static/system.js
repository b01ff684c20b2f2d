// System: what you send comes back, to you alone.

import { Panel } from "./panel.js";
import { written } from "./say_form.js";

/** @param {import("./identity.js").Identity} identity */
export function startSystem(identity) {
  const panel = new Panel("system", identity, {
    compose: (text) => ["user_message", { message: written(text) }],
    frames: {
      system_echo: ({ message }, frame) => panel.show(frame, { text: message }),
    },
  });
  panel.connect("/ws/system");
  return panel;
}
