// Announcements: a message from outside any socket, to everybody who listens on a channel.

import { postJson, RequestFailed } from "./api.js";
import { MessageLog } from "./log.js";

export function startAnnouncements() {
  const root = document.getElementById("panel-announcements");
  const part = (role) => root.querySelector(`[data-role="${role}"]`);
  const log = new MessageLog(part("log"));
  const refuse = (words) => {
    part("refusal").textContent = words;
    part("refusal").hidden = words === "";
  };
  const askRoom = () => {
    part("room-field").hidden = part("channel").value !== "room";
    refuse("");
  };
  part("channel").addEventListener("change", askRoom);
  part("input").addEventListener("input", () => refuse(""));
  askRoom(); // a browser may have restored the choice of an earlier visit

  part("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const channel = channelOf(part("channel").value, part("room-name").value.trim());
    const message = part("input").value;
    if (channel === null || message.trim() === "") {
      refuse(channel === null ? "Type the name of the room." : "Write something first.");
      return;
    }
    refuse("");
    part("send").disabled = true;
    try {
      await postJson("/api/announcements", { channel, message });
      log.add({ text: message, tag: channel });
      if (part("input").value === message) {
        part("input").value = ""; // unless the next one is being written already
      }
    } catch (error) {
      if (!(error instanceof RequestFailed)) {
        throw error;
      }
      log.add({ kind: "error", text: error.message });
    } finally {
      part("send").disabled = false;
      part("input").focus();
    }
  });
}

/** The channel's name on the wire, or null while a room has no name. */
function channelOf(choice, room) {
  if (choice !== "room") {
    return choice;
  }
  return room === "" ? null : `room:${room}`;
}
