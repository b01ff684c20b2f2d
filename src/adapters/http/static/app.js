// Starts the page: one module for each card, and the states of their connections in the header.

import { startAnalytics } from "./analytics.js";
import { startAnnouncements } from "./announcements.js";
import { startChat } from "./chat.js";
import { find } from "./dom.js";
import { Identity } from "./identity.js";
import { startIdentityForm } from "./identity_form.js";
import { startJobs } from "./jobs.js";
import { startNotifications } from "./notifications.js";
import { startReliable } from "./reliable.js";
import { startRooms } from "./rooms.js";
import { listStates } from "./state_badges.js";
import { startSystem } from "./system.js";

listStates(find(document, "#stations"));

const identity = new Identity(keptStorage());
const panels = [
  startChat(identity),
  startReliable(identity),
  startRooms(identity),
  startAnalytics(identity),
  startJobs(identity),
  startNotifications(identity),
  startSystem(identity),
];
startAnnouncements(identity);
startIdentityForm(identity, {
  introduce: () => each((panel) => panel.introduce()),
  restart: () => each((panel) => panel.restart()),
});

// The network is back: no need to sit out the rest of a wait.
window.addEventListener("online", () => {
  each((panel) => panel.socket?.hurry());
});

/** @param {(panel: import("./panel.js").Panel) => void} act */
function each(act) {
  for (const panel of panels) {
    act(panel);
  }
}

/** Null where the browser lets no page keep anything. */
function keptStorage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
