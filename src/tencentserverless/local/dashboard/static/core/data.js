// What a page shows is read from the server, and read anew when changes of some name arrive.
import { read } from "./api.js";
import { listen } from "./changes.js";
import { useCallback, useEffect, useRef, useState } from "./html.js";

const SHORTEST_PAUSE_MS = 300;
const REST = 5;
const LONGEST_REST_MS = 5000;

// Do a task when it is asked for, at once if it has rested, and never twice at the same time. A task that takes long
// rests several times as long: a page never keeps a server busy.
export function paced(task, pause_ms = SHORTEST_PAUSE_MS) {
  let timer = null;
  let mayBegin_ms = 0;
  let isRunning = false;
  let isWanted = false;
  async function run() {
    timer = null;
    isRunning = true;
    isWanted = false;
    const begin_ms = performance.now();
    await task();
    const end_ms = performance.now();
    mayBegin_ms = end_ms + Math.max(pause_ms, Math.min(REST * (end_ms - begin_ms), LONGEST_REST_MS));
    isRunning = false;
    if (isWanted) ask();
  }
  function ask() {
    isWanted = true;
    if (isRunning || timer !== null) return;
    timer = setTimeout(run, Math.max(0, mayBegin_ms - performance.now()));
  }
  ask.stop = () => clearTimeout(timer);
  return ask;
}

// Do a task once it has not been asked for during a pause, or, if it is asked for all the time, after the longest one.
export function settled(task, pause_ms, longest_ms) {
  let timer = null;
  let first_ms = null;
  function run() {
    timer = first_ms = null;
    task();
  }
  function ask() {
    const now_ms = performance.now();
    first_ms ??= now_ms;
    clearTimeout(timer);
    timer = setTimeout(run, Math.min(pause_ms, first_ms + longest_ms - now_ms));
  }
  ask.stop = () => clearTimeout(timer);
  return ask;
}

// Return {data, error, reload} of one address of the API. Old data stays while the new is on its way.
// changes: names of changes after which it is read anew; isConcerned: which of them count, by their data.
export function useData(path, query = {}, changes = [], isConcerned = () => true) {
  const [found, setFound] = useState({ data: null, error: null, address: null });
  const address = path + JSON.stringify(query);
  const current = useRef(null);
  useEffect(() => {
    let isShown = true;
    const ask = paced(async () => {
      try {
        const data = await read(path, query);
        if (isShown) setFound({ data, error: null, address });
      } catch (error) {
        if (isShown) setFound((before) => ({ ...before, error, address }));
      }
    });
    current.current = ask;
    ask();
    const stops = changes.map((name) => listen(name, (change) => (change === null || isConcerned(change)) && ask()));
    return () => {
      isShown = false;
      ask.stop();
      for (const stop of stops) stop();
    };
  }, [address]);
  const reload = useCallback(() => current.current?.(), []);
  const isCurrent = found.address === address;
  return { data: isCurrent ? found.data : null, error: isCurrent ? found.error : null, reload };
}
