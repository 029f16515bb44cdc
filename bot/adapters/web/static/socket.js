// The connection to the bot: questions with answers, pushes, and coming back after a cut.
// What was asked but not answered is asked again after a reconnect; orders carry a key, so that
// asking twice makes one picture.

const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 4000;
const LOCKED = 4401;
const CROWDED = 4429;

/** Returns a random name for one press of a button. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Connection {
  #socket = null;
  #pause = FIRST_PAUSE;
  #timer = null;
  #next = 1;
  #waiting = new Map();

  /** `greeting()` is the first message of each connection; `onState` hears "open", "closed" and "crowded". */
  constructor({ greeting, onPush, onState }) {
    this.greeting = greeting;
    this.onPush = onPush;
    this.onState = onState;
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  /** Sends a message and returns its answer, however long the connection is away. */
  ask(message) {
    const reply = this.#next++;
    return new Promise((resolve) => {
      this.#waiting.set(reply, { message: { ...message, reply }, resolve });
      if (this.isOpen) this.#send(reply);
    });
  }

  open() {
    clearTimeout(this.#timer);
    const address = new URL("/socket", location.href);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = (event) => this.#heard(JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(event.code);
  }

  async #opened() {
    const older = [...this.#waiting.keys()];
    this.onState("open");
    this.greet();
    for (const reply of older) this.#send(reply);
  }

  /** Says hello (again, when the language changed); the welcome arrives as a push. */
  greet() {
    if (this.isOpen) this.#socket.send(JSON.stringify({ ...this.greeting(), reply: 0 }));
  }

  #send(reply) {
    this.#socket.send(JSON.stringify(this.#waiting.get(reply).message));
  }

  #heard(message) {
    this.#pause = FIRST_PAUSE;
    const asked = this.#waiting.get(message.reply);
    if (!asked) {
      this.onPush(message);
      return;
    }
    this.#waiting.delete(message.reply);
    asked.resolve(message);
  }

  #closed(code) {
    if (code === LOCKED) {
      location.assign("/login");
      return;
    }
    this.onState(code === CROWDED ? "crowded" : "closed");
    this.#timer = setTimeout(() => this.open(), this.#pause * (0.8 + 0.4 * Math.random()));
    this.#pause = Math.min(LONGEST_PAUSE, this.#pause * 1.7);
  }

  #hurry() {
    if (this.#socket?.readyState === WebSocket.CLOSED) {
      this.#pause = FIRST_PAUSE;
      this.open();
    }
  }
}
