// The logs of a function's last runs, the newest first; of those that run, the lines as they come.
import { useData } from "../core/data.js";
import { visible } from "../core/format.js";
import { html } from "../core/html.js";
import { keyOf } from "../core/invocation_list.js";
import { t } from "../core/language.js";
import { useOutputs } from "../core/outputs.js";
import { InvocationLink, Time } from "./cells.js";
import { Waiting } from "./page.js";
import { Status } from "./status.js";

const MOST_RUNS = 50;

export function LiveLog({ place }) {
  const isConcerned = ({ items, skipped }) => skipped > 0 || items.some((row) => row.function === place.function);
  const { data, error } = useData("invocations", { ...place, log: "1" }, ["invocation"], isConcerned);
  const outputs = useOutputs(place);
  if (!data) return html`<${Waiting} error=${error} />`;
  if (!data.items.length)
    return html`<p class="quiet">${t("It has not run yet. Its next run shows here by itself.")}</p>`;
  return html`<div class="log">${data.items.slice(0, MOST_RUNS).map((row) => html`<${Run} key=${keyOf(row)}
    row=${row} log=${(row.status === null && outputs[keyOf(row)]) || row.log} />`)}</div>`;
}

const Run = ({ row, log }) => html`<section class="block">
  <header><${Status} invocation=${row} /> <${Time} at=${row.started_at} /> <${InvocationLink} row=${row} /></header>
  ${log?.text && html`<pre tabindex="0" role="region"
    aria-label=${t("Log of {id}", { id: row.request_id })}>${visible(log.text)}</pre>`}
</section>`;
