// Overview: every function, by region and namespace, and how its last calls went.
import { read } from "../core/api.js";
import { listen } from "../core/changes.js";
import { paced } from "../core/data.js";
import { duration, number } from "../core/format.js";
import { html, useEffect, useMemo, useRef, useState } from "../core/html.js";
import { useKeys } from "../core/keyboard.js";
import { notice, t } from "../core/language.js";
import { go, linkToFunction } from "../core/router.js";
import { FunctionLink, Time } from "../parts/cells.js";
import { Page, Waiting } from "../parts/page.js";
import { Search } from "../parts/search.js";
import { Sparkline } from "../parts/sparkline.js";
import { Status } from "../parts/status.js";
import { step, VirtualList } from "../parts/virtual_list.js";

// The server goes through its whole history for this page, so calls alone make it do so seldom.
const PAUSE_MS = 5000;

const keyOf = (item) => (item.heading ? `= ${item.heading}` : `${item.region}/${item.namespace}/${item.function}`);

// The functions, with what changes tell of their last calls.
function foldIn(overview, change) {
  const last = new Map(change.items.map((row) => [keyOf(row), row]));
  const items = overview.items.map((each) => {
    const row = last.get(keyOf(each));
    return row ? { ...each, last_call_at: row.started_at, last_status: row.status } : each;
  });
  return { ...overview, items };
}

function useOverview() {
  const [found, setFound] = useState({ overview: null, error: null });
  useEffect(() => {
    const load = async () => {
      try {
        const overview = await read("overview");
        setFound({ overview, error: null });
      } catch (error) {
        setFound((before) => ({ ...before, error }));
      }
    };
    const onFunctions = paced(load);
    const onCalls = paced(load, PAUSE_MS);
    onFunctions();
    const stops = [
      listen("function", onFunctions),
      listen("invocation", (change) => {
        if (change)
          setFound((before) => (before.overview ? { ...before, overview: foldIn(before.overview, change) } : before));
        onCalls();
      }),
    ];
    return () => {
      onFunctions.stop();
      onCalls.stop();
      for (const stop of stops) stop();
    };
  }, []);
  return found;
}

// The values of all buckets, those without calls included.
const spread = (line, count) => {
  const values = new Array(count).fill(0);
  for (const [index, value] of line) values[index] = value;
  return values;
};

const columnsOf = (overview) => [
  { title: t("Function"), cell: (each) => html`<${FunctionLink} row=${each} />` },
  {
    title: t("State"),
    cell: (each) => html`<span class=${each.state === "Active" ? "" : "warn"}>${each.state}</span>`,
    isWide: true,
  },
  { title: t("Runtime"), cell: (each) => `${each.runtime}${each.type === "HTTP" ? " · Web" : ""}`, isWide: true },
  {
    title: t("Last call"),
    cell: (each) =>
      each.last_call_at !== null &&
      html`<${Status} invocation=${{ status: each.last_status }} />${" "}<${Time} at=${each.last_call_at} />`,
  },
  { title: t("Calls"), cell: (each) => number(each.calls), isNumber: true, isWide: true },
  {
    title: t("Errors"),
    cell: (each) => html`<span class=${each.errors ? "bad" : ""}>${number(each.errors)}</span>`,
    isNumber: true,
    isWide: true,
  },
  {
    title: t("p50 / p95"),
    cell: (each) => `${duration(each.p50_ms)} / ${duration(each.p95_ms)}`,
    isNumber: true,
    isWide: true,
  },
  {
    title: t("p95 over time"),
    cell: (each) =>
      html`<${Sparkline} values=${spread(each.p95_line, overview.bucket_count)}
        label=${t("p95 of {name}", { name: each.function })} />`,
    isWide: true,
  },
  { title: t("Instances"), cell: (each) => number(each.instances.all), isNumber: true, isWide: true },
];

// One list: a heading for each region and namespace, its functions below.
function arrange(items, text) {
  const groups = new Map();
  const wanted = text.toLowerCase();
  for (const item of items) {
    if (!item.function.toLowerCase().includes(wanted)) continue;
    const place = `${item.region} / ${item.namespace}`;
    if (!groups.has(place)) groups.set(place, []);
    groups.get(place).push(item);
  }
  return [...groups].flatMap(([heading, functions]) => [{ heading }, ...functions]);
}

export function OverviewPage() {
  const { overview, error } = useOverview();
  const [text, setText] = useState("");
  const [selected, setSelected] = useState(null);
  const search = useRef(null);
  const items = useMemo(() => arrange(overview?.items ?? [], text), [overview, text]);
  const chosen = items.find((item) => keyOf(item) === selected);
  useKeys({
    "/": () => search.current?.focus(),
    j: () => setSelected(step(items, keyOf, selected, 1)),
    k: () => setSelected(step(items, keyOf, selected, -1)),
    Enter: () => chosen && go(linkToFunction(chosen)),
  });
  if (!overview) return html`<${Page} title=${t("Overview")}><${Waiting} error=${error} /><//>`;
  return html`<${Page} title=${t("Overview")}>
    <${Notices} notices=${overview.notices} />
    <${Search} label=${t("Search functions")} value=${text} onInput=${setText} field=${search} />
    ${
      items.length
        ? html`<${VirtualList} kind="functions" label=${t("Functions")} columns=${columnsOf(overview)} items=${items}
          keyOf=${keyOf}
          selected=${selected} onSelect=${setSelected} />`
        : html`<p
          class="quiet">
          ${overview.items.length
            ? t("No function has this in its name.")
            : t("There is no function yet. Make one in the folder, or deploy one: scf deploy --local")}
        </p>`
    }
  <//>`;
}

function Notices({ notices }) {
  if (!notices.length) return null;
  return html`<details class="block" open=${notices.length <= 3}>
    <summary>${t("Noticed at the start: {count}", { count: number(notices.length) })}</summary>
    <ul>${notices.map((each) => html`<li>${notice(each)}</li>`)}</ul>
  </details>`;
}
