// The list of invocations as a page has it: read, followed while it is shown, and longer on demand.
import { listen } from "./changes.js";
import { paced, settled } from "./data.js";
import { useCallback, useEffect, useRef, useState } from "./html.js";
import { InvocationList } from "./invocation_list.js";

const ASK_PAUSE_MS = 700;
// A server in a flood of calls writes down few of them by itself, and all that are asked for: asking often would cost
// every call. The newest ones come by themselves, each two seconds, and the others are asked for when it is over.
const CALM_MS = 2500;
const LONGEST_FLOOD_MS = 10000;

const secondsAgo = (seconds) => (seconds ? Math.floor(Date.now() / 1000 - Number(seconds)) : null);

// filter: as the query of GET invocations; within: seconds back from now, or "" for all. Return {rows, error, isLoaded,
// more}.
export function useInvocations(filter, within = "") {
  const [found, setFound] = useState({ rows: [], error: null, isLoaded: false });
  const current = useRef(null);
  const isReading = useRef(false);
  useEffect(() => {
    const list = new InvocationList({ ...filter, since: secondsAgo(within) });
    current.current = list;
    let isShown = true;
    const show = (error = null) =>
      isShown && setFound({ rows: list.rows, error, isLoaded: !error || list.rows.length > 0 });
    const ask = paced(() => list.refresh().then(() => show(), show), ASK_PAUSE_MS);
    const askWhenCalm = settled(ask, CALM_MS, LONGEST_FLOOD_MS);
    ask();
    const stop = listen("invocation", (change) => {
      if (!change || !list.canFollow) return change?.skipped ? askWhenCalm() : ask();
      list.put(change.items);
      show();
      if (change.skipped) {
        list.hasGap = true;
        askWhenCalm();
      }
    });
    return () => {
      isShown = false;
      ask.stop();
      askWhenCalm.stop();
      stop();
    };
  }, [JSON.stringify(filter), within]);
  const more = useCallback(async () => {
    const list = current.current;
    if (isReading.current || list.next === null) return;
    isReading.current = true;
    try {
      await list.more();
      if (list === current.current) setFound({ rows: list.rows, error: null, isLoaded: true });
    } catch {
      // The next scroll asks again.
    } finally {
      isReading.current = false;
    }
  }, []);
  return { ...found, more };
}
