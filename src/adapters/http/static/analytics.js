// Analytics: record an event, watch all events arrive, see the tally move.

import { Panel } from "./panel.js";
import { written } from "./say_form.js";
import { NotSent } from "./socket.js";
import { TallyChart } from "./tally_chart.js";

/**
 * @typedef {object} Recorded the payload of `analytics_notification`
 * @property {string} event for reading
 * @property {string} [name]
 * @property {unknown} [data]
 * @property {number} [count] of this name
 * @property {number} [total] of all events
 */

// The server puts this before the event's name, for reading.
const LABEL = "📊 Analytics: ";

/** @param {import("./identity.js").Identity} identity */
export function startAnalytics(identity) {
  const panel = new Panel("analytics", identity, {
    compose: (event) => ["analytics", { event: written(event, "Name the event first."), ...readData(panel) }],
    frames: {
      analytics_notification: (payload, frame) => {
        panel.show(frame, { text: payload.event, code: compact(payload.data) });
        if (!frame.replayed) {
          count(panel, chart, payload);
        }
      },
      analytics_tally: ({ total, counts }) => chart.replace(counts ?? {}, total ?? 0),
    },
    // The tally moved while this page was away.
    onKnown: () => panel.ask("analytics_tally"),
  });
  const chart = new TallyChart(panel.part("tally"), panel.part("total"));
  panel.field("data").addEventListener("input", () => panel.refuse(""));
  panel.connect("/ws/analytics");
  return panel;
}

/**
 * @param {Panel} panel
 * @param {TallyChart} chart
 * @param {Recorded} payload
 */
function count(panel, chart, { event, name, count, total }) {
  if (count !== undefined && Number.isFinite(count)) {
    chart.set(name ?? String(event).replace(LABEL, ""), count, total);
  } else {
    panel.ask("analytics_tally");
  }
}

/** @param {Panel} panel */
function readData(panel) {
  const text = panel.field("data").value.trim();
  if (text === "") {
    return {};
  }
  try {
    return { data: JSON.parse(text) };
  } catch {
    throw new NotSent('The data is not JSON. For example: {"plan": "pro"} or 42 or "text".');
  }
}

/** @param {unknown} data */
function compact(data) {
  return data === undefined || data === null ? "" : JSON.stringify(data);
}
