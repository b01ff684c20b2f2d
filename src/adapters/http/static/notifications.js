// Notifications: of people, of the system, and those that come round by the clock.

import { memberOf } from "./frames.js";
import { Panel } from "./panel.js";
import { written } from "./say_form.js";

const KINDS = new Set(["system", "periodic"]); // of a user, the name stands above

/** @param {import("./identity.js").Identity} identity */
export function startNotifications(identity) {
  const panel = new Panel("notifications", identity, {
    compose: (text) => ["notification", { message: written(text) }],
    frames: {
      notification_broadcast: ({ message, type }, frame) => {
        // The system tells of a member only that it came.
        const came = type === "system" && memberOf(frame) !== null;
        panel.show(frame, { text: message, kind: came ? "notice" : "said", tag: KINDS.has(type) ? type : "" });
      },
    },
  });
  panel.connect("/ws/notifications");
  return panel;
}
