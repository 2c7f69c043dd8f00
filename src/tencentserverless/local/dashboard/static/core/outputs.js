// The output of running invocations, as it comes. When one has ended, its log is read with it.
import { listen } from "./changes.js";
import { useEffect, useState } from "./html.js";
import { keyOf } from "./invocation_list.js";

const MOST_KEPT = 50;

const isOf = (place, item) =>
  ["region", "namespace", "function"].every((name) => item[name] === place[name]) &&
  (!place.request_id || item.request_id === place.request_id);

// Return {key: text} of a function's invocations, or of one: a text as the log of a row is.
export function useOutputs(place) {
  const [outputs, setOutputs] = useState({ __proto__: null });
  useEffect(() => {
    setOutputs({ __proto__: null });
    return listen("output", (change) => {
      const items = change?.items.filter((item) => isOf(place, item)) ?? [];
      if (items.length) setOutputs((before) => take(before, items));
    });
  }, [JSON.stringify(place)]);
  return outputs;
}

// The oldest are left out: those have ended long ago.
function take(before, items) {
  const newer = { __proto__: null, ...before, ...Object.fromEntries(items.map((item) => [keyOf(item), item.log])) };
  const keys = Object.keys(newer);
  for (const key of keys.slice(0, Math.max(0, keys.length - MOST_KEPT))) delete newer[key];
  return newer;
}
