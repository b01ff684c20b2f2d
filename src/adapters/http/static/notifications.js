// Notifications: of people, of the system, and those that come round by the clock.

import { Panel, written } from "./panel.js";

const KINDS = new Set(["user", "system", "periodic"]);

export function startNotifications() {
  const panel = new Panel("notifications", {
    compose: (text) => ["notification", { message: written(text) }],
    frames: {
      notification_broadcast: ({ message, type }, frame) =>
        panel.show(frame, { text: message, tag: KINDS.has(type) ? type : "" }),
    },
  });
  panel.connect("/ws/notifications");
  return panel;
}
