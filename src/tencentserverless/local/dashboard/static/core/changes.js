// The stream of changes. It opens again by itself, whatever ended it; after a gap every listener is told to ask anew.
import { addressOf } from "./api.js";

const NAMES = ["invocation", "function", "queue", "fault"];
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 2000;

const listeners = new Map(NAMES.map((name) => [name, new Set()]));
const watchers = new Set();
let source = null;
let state = { connection: "opening", server: null, restarts: 0 };
let wait_ms = FIRST_WAIT_MS;

// Call back with the data of each change of this name, and with null when changes may have been missed.
export function listen(name, callback) {
  listeners.get(name).add(callback);
  return () => listeners.get(name).delete(callback);
}

// Call back with {connection: "opening" | "open" | "lost", server, restarts} now and whenever it changes.
export function watchConnection(callback) {
  watchers.add(callback);
  callback(state);
  return () => watchers.delete(callback);
}

function setState(changed) {
  state = { ...state, ...changed };
  for (const callback of watchers) callback(state);
}

function tell(name, data) {
  for (const callback of [...listeners.get(name)]) callback(data);
}

function greet(hello) {
  const isGap = state.server !== null;
  const isRestart = isGap && hello.server_id !== state.server;
  wait_ms = FIRST_WAIT_MS;
  setState({ connection: "open", server: hello.server_id, restarts: state.restarts + Number(isRestart) });
  if (isGap) for (const name of NAMES) tell(name, null);
}

// A browser gives an EventSource up for good after some answers, and waits for seconds after others. This one is always
// opened anew, soon at first.
function fail() {
  source.close();
  setState({ connection: "lost" });
  setTimeout(open, wait_ms);
  wait_ms = Math.min(wait_ms * 2, LONGEST_WAIT_MS);
}

function open() {
  source = new EventSource(addressOf("changes"));
  source.addEventListener("hello", (event) => greet(JSON.parse(event.data)));
  for (const name of NAMES) source.addEventListener(name, (event) => tell(name, JSON.parse(event.data)));
  source.addEventListener("bye", fail);
  source.onerror = fail;
}

export function openChanges() {
  open();
  // A page that is left closes its stream at once, so that the server need not find out.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => event.persisted && open());
}
