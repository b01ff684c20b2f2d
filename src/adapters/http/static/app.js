// Starts the page: one module for each card, and the states of their connections in the header.

import { startAnalytics } from "./analytics.js";
import { startAnnouncements } from "./announcements.js";
import { startChat } from "./chat.js";
import { find } from "./dom.js";
import { startJobs } from "./jobs.js";
import { startNotifications } from "./notifications.js";
import { startReliable } from "./reliable.js";
import { startRooms } from "./rooms.js";
import { listStates } from "./state_badges.js";
import { startSystem } from "./system.js";

listStates(find(document, "#stations"));

const panels = [
  startChat(),
  startReliable(),
  startRooms(),
  startAnalytics(),
  startJobs(),
  startNotifications(),
  startSystem(),
];
startAnnouncements();

// The network is back: no need to sit out the rest of a wait.
window.addEventListener("online", () => {
  for (const panel of panels) {
    panel.socket?.hurry();
  }
});
