// What a page shows is read from the server, and read anew when changes of some name arrive.
import { read } from "./api.js";
import { listen } from "./changes.js";
import { useCallback, useEffect, useRef, useState } from "./html.js";

const SHORTEST_PAUSE_MS = 300;

// Do a task when it is asked for, at once if it has rested, and never twice at the same time.
export function paced(task, pause_ms = SHORTEST_PAUSE_MS) {
  let timer = null;
  let lastEnd = -Infinity;
  let isRunning = false;
  let isWanted = false;
  async function run() {
    timer = null;
    isRunning = true;
    isWanted = false;
    await task();
    lastEnd = performance.now();
    isRunning = false;
    if (isWanted) ask();
  }
  function ask() {
    isWanted = true;
    if (isRunning || timer !== null) return;
    timer = setTimeout(run, Math.max(0, lastEnd + pause_ms - performance.now()));
  }
  ask.stop = () => clearTimeout(timer);
  return ask;
}

// Return {data, error, reload} of one address of the API. Old data stays while the new is on its way.
export function useData(path, query = {}, changes = []) {
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
    const stops = changes.map((name) => listen(name, ask));
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
