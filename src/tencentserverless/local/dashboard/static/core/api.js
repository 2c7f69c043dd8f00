// Requests to the server that served this page. A request that changes something carries the token of the session,
// which no other origin can read.
import { t } from "./language.js";

const BASE = new URL("../../api/", import.meta.url);
const REFUSED = 403;
const UNREACHABLE = 0;

let session = null;

// A refusal, in the words of the server.
export class ApiError extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }

  get isSignedOut() {
    return this.code === "not_signed_in";
  }
}

export const addressOf = (path, query = {}) => {
  const address = new URL(path, BASE);
  for (const [name, value] of Object.entries(query)) {
    if (value !== "" && value !== null && value !== undefined) address.searchParams.set(name, value);
  }
  return address;
};

async function request(address, options = {}, asked = null) {
  const { answer, text } = await exchange(address, options, asked);
  const body = answer.headers.get("Content-Type")?.startsWith("application/json") ? JSON.parse(text) : null;
  if (answer.ok) return body;
  throw new ApiError(answer.status, body?.code ?? "", body?.error ?? (text || answer.statusText));
}

// A browser says of every failure of the network only that it is a TypeError.
async function exchange(address, options, asked = null) {
  try {
    const answer = await (asked ?? fetch(address, { credentials: "same-origin", cache: "no-store", ...options }));
    return { answer, text: await answer.text() };
  } catch {
    throw new ApiError(UNREACHABLE, "unreachable", t("The server does not answer."));
  }
}

export const read = (path, query) => request(addressOf(path, query), {}, takeForeseen(path, query));

const foreseen = new Map();

// Take over what was asked for before this script was there. The first that reads it gets this answer.
export const foresee = (path, asked) => foreseen.set(path, asked);

function takeForeseen(path, query) {
  const asked = query ? null : (foreseen.get(path) ?? null);
  foreseen.delete(path);
  return asked;
}

export async function readSession() {
  session = await read("session");
  return session;
}

// The whole of a text that was cut, from the address that came with it.
export const readWhole = async (text) =>
  text.is_cut && text.download ? (await exchange(text.download, {})).text : text.text;

export const currentSession = () => session;

const send = (method, path, body) =>
  request(addressOf(path), {
    method,
    headers: { "Content-Type": "application/json", "X-Scf-Csrf": session.csrf_token },
    body: JSON.stringify(body),
  });

// Change something. A server that has restarted knows only a new token: a refused request did nothing, so it is sent
// once more with that one.
export async function change(method, path, body = {}) {
  if (session === null) await readSession();
  const known = session.csrf_token;
  try {
    return await send(method, path, body);
  } catch (error) {
    if (error.status !== REFUSED || (await readSession()).csrf_token === known) throw error;
    return send(method, path, body);
  }
}
