// What a person does on a page, and whether it worked. Every page shows the last outcome in one place, which a screen
// reader reads out.
import { ApiError, change } from "./api.js";
import { lastLine } from "./format.js";
import { t } from "./language.js";
import { explain } from "./refusals.js";

const OK = 200;

const watchers = new Set();

export function watchOutcomes(callback) {
  watchers.add(callback);
  return () => watchers.delete(callback);
}

export function say(text, isError = false) {
  for (const callback of watchers) callback({ text, isError });
}

// Do something, say that it is done, and return its value; null if it failed.
export async function perform(done, task) {
  try {
    const value = await task();
    if (done) say(done);
    return value;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    say(explain(error), true);
    return null;
  }
}

// An action of the cloud's API, with the key of the server's owner. Return its Response.
export async function callAction(action, region, parameters, marks = {}) {
  const { Response: response } = await change("POST", "call", { action, region, parameters, ...marks });
  if (response.Error) throw new ApiError(OK, response.Error.Code, `${response.Error.Code}: ${response.Error.Message}`);
  return response;
}

// Run a function. Return what the API says of the run: its request id and, unless it is asynchronous, its outcome.
export async function invoke(key, event, { qualifier = "$LATEST", isAsync = false, againOf = null } = {}) {
  const parameters = {
    FunctionName: key.function,
    Namespace: key.namespace,
    Qualifier: qualifier,
    InvocationType: isAsync ? "Event" : "RequestResponse",
    ClientContext: event,
    LogType: isAsync ? "None" : "Tail",
  };
  return (await callAction("Invoke", key.region, parameters, againOf ? { again_of: againOf } : {})).Result;
}

// How a run ended, by what the API says of it: a status code, 0 for success, null if it has only been accepted. A
// function that answers has at least null as its result.
export function statusOf(result) {
  if (!result.InvokeResult) return result.RetMsg ? 0 : null;
  try {
    return JSON.parse(result.RetMsg).statusCode ?? result.InvokeResult;
  } catch {
    return result.InvokeResult;
  }
}

// Run an invocation once more, with its event or with another one, and say how it ended.
export const runAgain = (row, event) =>
  perform(null, async () => {
    const result = await invoke(row, event, { qualifier: row.version, againOf: row.request_id });
    const status = statusOf(result);
    if (status) say(t("Run again: it failed. {message}", { message: lastLine(result.ErrMsg ?? "") }), true);
    else say(status === null ? t("Run again: it has begun.") : t("Run again: it succeeded."));
    return result;
  });

// A browser gives the clipboard to https and to loopback, and may be told to give it to no page.
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    say(t("Copied."));
  } catch {
    say(t("This browser does not let the page copy. Mark the text instead."), true);
  }
}
