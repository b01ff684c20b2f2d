// Analytics: record an event, watch all events arrive, see the tally move.

import { Panel, written } from "./panel.js";
import { NotSent } from "./socket.js";
import { TallyChart } from "./tally_chart.js";

// The server puts this before the event's name, for reading.
const LABEL = "📊 Analytics: ";

export function startAnalytics() {
  const panel = new Panel("analytics", {
    compose: (event) => ["analytics", { event: written(event, "Name the event first."), ...readData(panel) }],
    frames: {
      analytics_notification: (payload, frame) => {
        panel.show(frame, { text: payload.event, code: compact(payload.data) });
        if (!frame.replayed) {
          count(panel, chart, payload);
        }
      },
      analytics_tally: ({ total, counts }) => chart.replace(counts ?? {}, total),
    },
    // The tally moved while this page was away.
    onConnected: () => panel.ask("analytics_tally"),
  });
  const chart = new TallyChart(panel.part("tally"), panel.part("total"));
  panel.part("data").addEventListener("input", () => panel.refuse(""));
  panel.connect("/ws/analytics");
  return panel;
}

function count(panel, chart, payload) {
  const name = payload.name ?? String(payload.event).replace(LABEL, "");
  if (Number.isFinite(payload.count)) {
    chart.set(name, payload.count, payload.total);
  } else {
    panel.ask("analytics_tally");
  }
}

function readData(panel) {
  const text = panel.part("data").value.trim();
  if (text === "") {
    return {};
  }
  try {
    return { data: JSON.parse(text) };
  } catch {
    throw new NotSent('The data is not JSON. For example: {"plan": "pro"} or 42 or "text".');
  }
}

function compact(data) {
  return data === undefined || data === null ? "" : JSON.stringify(data);
}
