// Invocations: newest first, live, to ten thousand rows.
import { perform, runAgain } from "../core/actions.js";
import { read, readWhole } from "../core/api.js";
import { duration, number } from "../core/format.js";
import { html, useRef, useState } from "../core/html.js";
import { keyOf, MOST_ROWS } from "../core/invocation_list.js";
import { useKeys } from "../core/keyboard.js";
import { t } from "../core/language.js";
import { go, linkTo, linkToInvocation, refine } from "../core/router.js";
import { useInvocations } from "../core/invocations.js";
import { InvocationLink, Origin, Time, Where } from "../parts/cells.js";
import { Page, Waiting } from "../parts/page.js";
import { Search } from "../parts/search.js";
import { Status } from "../parts/status.js";
import { step, VirtualList } from "../parts/virtual_list.js";

// The most usual ones: user code, too many calls, the time limit, memory, a crash.
const CODES = [430, 432, 433, 434, 439];
const MINUTE = 60;
const HOUR = 3600;
const DAY = 86400;

const columns = () => [
  {
    title: t("Status"),
    cell: (row) => html`<${InvocationLink} row=${row} text=${html`<${Status} invocation=${row} />`} />`,
  },
  { title: t("Function"), cell: (row) => row.function },
  { title: t("Started"), cell: (row) => html`<${Time} at=${row.started_at} />` },
  {
    title: t("Duration"),
    cell: (row) => (row.status === null ? "" : duration(row.duration_ms)),
    isNumber: true,
    isWide: true,
  },
  { title: t("Origin"), cell: (row) => html`<${Origin} row=${row} />`, isWide: true },
  { title: t("Error"), cell: (row) => html`<span class="bad" title=${row.error}>${row.error}</span>`, isWide: true },
  { title: t("Request id"), cell: (row) => html`<span class="id">${row.request_id}</span>`, isWide: true },
  { title: t("Where"), cell: (row) => html`<${Where} row=${row} />`, isWide: true },
];

// The event of a row is not in the list: it is read when it is run again.
async function runRowAgain(row) {
  const { region, namespace, function: name, request_id, attempt } = row;
  const text = await perform(null, async () => {
    const { event } = await read("invocation", { region, namespace, function: name, request_id, attempt });
    return event && readWhole(event);
  });
  if (text !== null) await runAgain(row, text);
}

export function InvocationsPage({ route }) {
  const names = ["region", "namespace", "function", "status", "text", "within"];
  const query = Object.fromEntries(names.map((name) => [name, route.query.get(name) ?? ""]));
  const set = (changed) => refine(linkTo(["invocations"], { ...query, ...changed }));
  const { within, ...filter } = query;
  const { rows, error, isLoaded, more } = useInvocations(filter, within);
  const [selected, setSelected] = useState(null);
  const search = useRef(null);
  const chosen = rows.find((row) => keyOf(row) === selected);
  useKeys({
    "/": () => search.current?.focus(),
    j: () => setSelected(step(rows, keyOf, selected, 1)),
    k: () => setSelected(step(rows, keyOf, selected, -1)),
    Enter: () => chosen && go(linkToInvocation(chosen, chosen.attempt)),
    r: () => chosen && runRowAgain(chosen),
  });
  return html`<${Page} title=${t("Invocations")}>
    <${Filters} query=${query} set=${set} search=${search} />
    ${
      isLoaded
        ? html`<${List} rows=${rows} selected=${selected} setSelected=${setSelected} more=${more} />`
        : html`<${Waiting} error=${error} />`
    }
  <//>`;
}

function List({ rows, selected, setSelected, more }) {
  if (!rows.length) return html`<p class="quiet">${t("No invocation fits.")}</p>`;
  return html`<${VirtualList} kind="invocations" label=${t("Invocations")} columns=${columns()} items=${rows}
      keyOf=${keyOf} selected=${selected} onSelect=${setSelected} onEnd=${more} />
    <p class="quiet keys">
      ${t("Rows: {count} of at most {most}.", { count: number(rows.length), most: number(MOST_ROWS) })}${" "}
      ${t("Keys: / search, j and k move, Enter opens, r runs again.")}</p>`;
}

function Filters({ query, set, search }) {
  return html`<div class="filters" role="search">
    <${Search} label=${t("Search in id, event, result, error and log")} value=${query.text}
      onInput=${(text) => set({ text })} field=${search} />
    <label>${t("Function")} <input value=${query.function}
      onChange=${(event) => set({ function: event.target.value.trim(), region: "", namespace: "" })} /></label>
    <label>${t("Status")} <select value=${query.status} onChange=${(event) => set({ status: event.target.value })}>
      <option value="">${t("all")}</option>
      <option value="running">${t("running")}</option>
      <option value="ok">${t("succeeded")}</option>
      <option value="failed">${t("failed")}</option>
      ${CODES.map((code) => html`<option value=${code}>${t("failed {code}", { code })}</option>`)}
    </select></label>
    <label>${t("Time")} <select value=${query.within} onChange=${(event) => set({ within: event.target.value })}>
      <option value="">${t("all")}</option>
      <option value=${15 * MINUTE}>${t("last 15 minutes")}</option>
      <option value=${HOUR}>${t("last hour")}</option>
      <option value=${DAY}>${t("last day")}</option>
    </select></label>
  </div>`;
}
