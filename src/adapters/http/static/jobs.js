// Background jobs: submit one, watch it on its card, cancel it, and find it again after a break or a reload.

import { JobCard } from "./job_card.js";
import { Panel, written } from "./panel.js";

const MOST_CARDS = 40;
// Positions travel in the address of the socket, which must not grow without end.
const MOST_POSITIONS = 20;

export function startJobs() {
  return new JobsPanel().start();
}

class JobsPanel {
  #panel;
  #cards = new Map(); // job id → card, oldest first
  #heard = new Set(); // ids of the jobs whose frames this connection brings

  start() {
    this.#panel = new Panel("jobs", {
      compose: (content) => ["job", { type: this.#panel.part("kind").value, content: written(content) }],
      frames: {
        job_status: (payload, frame) => this.#status(payload, frame),
        job_list: ({ jobs }) => this.#listed(jobs ?? []),
      },
      since: () => this.#positions(),
      onConnected: () => this.#panel.ask("job_list"),
      onRecovered: (payload) => payload?.recovered || this.#heard.clear(),
      onError: () => this.#allCards((card) => card.allowCancel()),
    });
    this.#panel.connect("/ws/background_jobs");
    return this.#panel;
  }

  /** Where to go on in the stream of each unfinished job; jobs without a position are asked for by `job_watch`. */
  #positions() {
    const open = [...this.#cards.values()].filter((card) => !card.finished && card.cursor !== null);
    const resumed = open.slice(-MOST_POSITIONS);
    this.#heard = new Set(resumed.map((card) => card.id));
    return resumed.map((card) => card.cursor);
  }

  #status(payload, frame) {
    const { job_id: id, status, message } = payload;
    if (!id || status === "error") {
      this.#panel.show(frame, { kind: status === "error" ? "error" : "notice", text: message ?? status });
      this.#cards.get(id)?.allowCancel();
      return;
    }
    this.#heard.add(id);
    const isNew = !this.#cards.has(id);
    const card = isNew ? this.#newCard(id) : this.#cards.get(id);
    if (card.update(payload, frame.cursor) || isNew) {
      this.#panel.log.add({ kind: "notice", text: `Job ${card.shortId}: ${card.word}` });
    }
    if (!card.described) {
      card.described = true;
      this.#panel.ask("job_list"); // a status doesn't say what the job is about
    }
  }

  #listed(jobs) {
    // The list has the newest first, and a new card goes to the top.
    for (const job of jobs.toReversed()) {
      const card = this.#cards.get(job.job_id) ?? this.#newCard(job.job_id);
      card.describe(job);
      if (!card.finished && !this.#heard.has(card.id)) {
        this.#watch(card);
      }
    }
    const known = new Set(jobs.map((job) => job.job_id));
    this.#allCards((card) => {
      if (!card.finished && !card.lost && !known.has(card.id)) {
        card.lose();
        this.#watch(card); // should the server know it after all, its answer brings the card back
      }
    });
  }

  #watch(card) {
    this.#heard.add(card.id);
    this.#panel.ask("job_watch", { job_id: card.id });
  }

  #newCard(id) {
    const card = new JobCard(id, () => this.#panel.send("job_cancel", { job_id: id }));
    this.#cards.set(id, card);
    this.#panel.part("jobs").prepend(card.root);
    const oldest = [...this.#cards.values()].find((other) => other.finished);
    if (this.#cards.size > MOST_CARDS && oldest) {
      oldest.root.remove();
      this.#cards.delete(oldest.id);
    }
    return card;
  }

  #allCards(act) {
    this.#cards.forEach((card) => act(card));
  }
}
