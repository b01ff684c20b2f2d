// What socket.js takes from a browser: sockets that a test opens and closes, and a clock that it moves.

class FakeSocket extends EventTarget {
  static OPEN = 1;
  readyState = 0;
  bufferedAmount = 0;
  sent = [];

  constructor(address) {
    super();
    this.address = new URL(address);
  }

  get since() {
    return this.address.searchParams.getAll("since");
  }

  send(text) {
    this.sent.push(JSON.parse(text));
  }

  /** Asked for by the page: a browser tells of the end later, or never. */
  close(code) {
    this.readyState = 2;
    this.closedWith = code;
  }

  accept() {
    this.readyState = FakeSocket.OPEN;
    this.dispatchEvent(new Event("open"));
  }

  bring(frame) {
    const data = typeof frame === "string" ? frame : JSON.stringify(frame);
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  end(code = 1006, reason = "") {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

export class FakeBrowser {
  sockets = [];
  #now = 0;
  #timers = new Map();
  #names = 0;

  /** Takes the place of the globals until `test` has ended. */
  constructor(test) {
    const { sockets } = this;
    const globals = {
      location: { origin: "http://page.test" },
      performance: { now: () => this.#now },
      setTimeout: (act, delay) => {
        this.#names += 1;
        this.#timers.set(this.#names, { act, at: this.#now + delay });
        return this.#names;
      },
      clearTimeout: (name) => this.#timers.delete(name),
      WebSocket: class extends FakeSocket {
        constructor(address) {
          super(address);
          sockets.push(this);
        }
      },
    };
    for (const [name, value] of Object.entries(globals)) {
      const before = Object.getOwnPropertyDescriptor(globalThis, name);
      Object.defineProperty(globalThis, name, { value, configurable: true });
      test.after(() => (before ? Object.defineProperty(globalThis, name, before) : delete globalThis[name]));
    }
  }

  /** The newest connection. */
  get socket() {
    return this.sockets.at(-1);
  }

  /** Moves the clock by `milliseconds`, through every timer on the way. */
  pass(milliseconds) {
    const end = this.#now + milliseconds;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (due.length === 0) {
        break;
      }
      const [name, { act, at }] = due[0];
      this.#timers.delete(name);
      this.#now = at;
      act();
    }
    this.#now = end;
  }
}
