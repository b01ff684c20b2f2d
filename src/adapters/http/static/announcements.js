// Announcements: a message from outside any socket, to everybody who listens on a channel.

import { postJson, RequestFailed } from "./api.js";
import { fieldOf, find, partOf } from "./dom.js";
import { MessageLog } from "./log.js";

/** @param {import("./identity.js").Identity} identity */
export function startAnnouncements(identity) {
  const root = find(document, "#panel-announcements");
  const [input, channelField, send] = [fieldOf(root, "input"), fieldOf(root, "channel"), fieldOf(root, "send")];
  const refusal = partOf(root, "refusal");
  const log = new MessageLog(partOf(root, "log"));
  const refuse = (/** @type {string} */ words) => {
    refusal.textContent = words;
    refusal.hidden = words === "";
  };
  const askRoom = () => {
    partOf(root, "room-field").hidden = channelField.value !== "room";
    refuse("");
  };
  channelField.addEventListener("change", askRoom);
  input.addEventListener("input", () => refuse(""));
  askRoom(); // a browser may have restored the choice of an earlier visit

  partOf(root, "form").addEventListener("submit", async (event) => {
    event.preventDefault();
    const channel = channelOf(channelField.value, fieldOf(root, "room-name").value.trim());
    const message = input.value;
    if (channel === null || message.trim() === "") {
      refuse(channel === null ? "Type the name of the room." : "Write something first.");
      return;
    }
    refuse("");
    send.disabled = true;
    try {
      await postJson("/api/announcements", identity.token, { channel, message });
      log.add({ text: message, tag: channel });
      if (input.value === message) {
        input.value = ""; // unless the next one is being written already
      }
    } catch (error) {
      if (!(error instanceof RequestFailed)) {
        throw error;
      }
      log.add({ kind: "error", text: error.message });
    } finally {
      send.disabled = false;
      input.focus();
    }
  });
}

/**
 * The channel's name on the wire, or null while a room has no name.
 * @param {string} choice
 * @param {string} room
 */
function channelOf(choice, room) {
  if (choice !== "room") {
    return choice;
  }
  return room === "" ? null : `room:${room}`;
}
