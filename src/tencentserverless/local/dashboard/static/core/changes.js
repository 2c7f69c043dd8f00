// The stream of changes. It opens again by itself, whatever ended it; after a gap every listener is told to ask anew.
import { addressOf, read } from "./api.js";

const NAMES = ["invocation", "output", "function", "queue", "fault"];
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 2000;

const listeners = new Map(NAMES.map((name) => [name, new Set()]));
const watchers = new Set();
let source = null;
let timer = null;
let state = { connection: "opening", server: null, restarts: 0 };
let wait_ms = FIRST_WAIT_MS;

// Call back with the data of each change of this name, and with null when changes may have been missed.
export function listen(name, callback) {
  listeners.get(name).add(callback);
  return () => listeners.get(name).delete(callback);
}

// Call back with {connection, server, restarts} now and whenever it changes. connection is "opening", "open", "lost",
// "signedOut" or "refused".
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
async function fail() {
  close();
  timer = setTimeout(open, wait_ms);
  wait_ms = Math.min(wait_ms * 2, LONGEST_WAIT_MS);
  setState({ connection: state.connection === "open" ? "opening" : state.connection });
  const connection = await findReason();
  if (state.connection !== "open") setState({ connection });
}

// An EventSource does not tell why it has failed; another request does. A server that stops still answers for a while.
async function findReason() {
  try {
    await read("session");
    return wait_ms === LONGEST_WAIT_MS ? "refused" : "lost";
  } catch (error) {
    return error.isSignedOut ? "signedOut" : "lost";
  }
}

function close() {
  source?.close();
  source = null;
  clearTimeout(timer);
}

function open() {
  close();
  source = new EventSource(addressOf("changes"));
  source.addEventListener("hello", (event) => greet(JSON.parse(event.data)));
  for (const name of NAMES) source.addEventListener(name, (event) => tell(name, JSON.parse(event.data)));
  source.addEventListener("bye", fail);
  source.onerror = fail;
}

export function openChanges() {
  open();
  // A browser has six connections to a server for all its pages, and a stream takes one: a page out of sight gives its
  // own back, and asks anew when it is seen again.
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => event.persisted && open());
}
