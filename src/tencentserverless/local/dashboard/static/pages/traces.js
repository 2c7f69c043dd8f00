// Web requests: what came in by a URL, with its answer and its stream.
import { read } from "../core/api.js";
import { duration, size } from "../core/format.js";
import { html, useEffect, useState } from "../core/html.js";
import { keyOf } from "../core/invocation_list.js";
import { useInvocations } from "../core/invocations.js";
import { useKeys } from "../core/keyboard.js";
import { t } from "../core/language.js";
import { go, linkToInvocation } from "../core/router.js";
import { InvocationLink, Time } from "../parts/cells.js";
import { Page, Waiting } from "../parts/page.js";
import { Status } from "../parts/status.js";
import { step, VirtualList } from "../parts/virtual_list.js";
import { streamName } from "../parts/web_facts.js";

const WEB = { origin: "url" };
const MOST_KEPT = 2000;

// The facts of a request are not in the list. They are read for the rows in sight, and kept; those of a request that
// still runs are read again when it has ended.
const facts = new Map();

function useWebFacts(row) {
  const key = `${keyOf(row)}/${row.status}`;
  const [found, setFound] = useState(facts.get(key) ?? null);
  useEffect(() => {
    let isShown = true;
    if (facts.has(key)) return undefined;
    const { region, namespace, function: name, request_id, attempt } = row;
    read("invocation", { region, namespace, function: name, request_id, attempt }).then(
      ({ web }) => {
        if (facts.size >= MOST_KEPT) facts.clear();
        facts.set(key, web);
        if (isShown) setFound(web);
      },
      () => undefined, // it may have left the history since
    );
    return () => {
      isShown = false;
    };
  }, [key]);
  return found;
}

const Request = ({ row }) => {
  const web = useWebFacts(row);
  return web ? html`<code title=${web.url}>${web.method} ${pathOf(web.url)}</code>` : row.function;
};

const Answer = ({ row }) => {
  const web = useWebFacts(row);
  return web && html`<span class=${web.status >= 500 ? "bad" : ""}>${web.status}</span>`;
};

const Stream = ({ row }) => {
  const web = useWebFacts(row);
  return web && html`${streamName(web.stream)} <span class="quiet">${size(web.response_bytes)}</span>`;
};

const pathOf = (url) => url.replace(/^[a-z]+:\/\/[^/]*/, "") || "/";

const columns = () => [
  {
    title: t("Status"),
    cell: (row) => html`<${InvocationLink} row=${row} text=${html`<${Status} invocation=${row} />`} />`,
  },
  { title: t("Request"), cell: (row) => html`<${Request} row=${row} />` },
  { title: t("Started"), cell: (row) => html`<${Time} at=${row.started_at} />` },
  { title: t("HTTP status"), cell: (row) => html`<${Answer} row=${row} />`, isNumber: true, isWide: true },
  {
    title: t("Duration"),
    cell: (row) => (row.status === null ? "" : duration(row.duration_ms)),
    isNumber: true,
    isWide: true,
  },
  { title: t("Stream"), cell: (row) => html`<${Stream} row=${row} />`, isWide: true },
  { title: t("Function"), cell: (row) => row.function, isWide: true },
];

export function TracesPage() {
  const { rows, error, isLoaded, more } = useInvocations(WEB);
  const [selected, setSelected] = useState(null);
  const chosen = rows.find((row) => keyOf(row) === selected);
  useKeys({
    j: () => setSelected(step(rows, keyOf, selected, 1)),
    k: () => setSelected(step(rows, keyOf, selected, -1)),
    Enter: () => chosen && go(linkToInvocation(chosen, chosen.attempt)),
  });
  if (!isLoaded) return html`<${Page} title=${t("Web requests")}><${Waiting} error=${error} /><//>`;
  return html`<${Page} title=${t("Web requests")}>
    ${
      rows.length
        ? html`<${VirtualList} kind="requests" label=${t("Web requests")} columns=${columns()} items=${rows}
          keyOf=${keyOf}
          selected=${selected} onSelect=${setSelected} onEnd=${more} />`
        : html`<p
          class="quiet">
          ${t("No request has come in by a URL of a function. The page of a function lists its URLs.")}
        </p>`
    }
  <//>`;
}
