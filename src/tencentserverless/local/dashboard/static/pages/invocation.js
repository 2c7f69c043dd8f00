// One invocation: what it got, what it gave, where it failed, where its time went; and to run it again.
import { perform, runAgain } from "../core/actions.js";
import { readWhole } from "../core/api.js";
import { useData } from "../core/data.js";
import { duration, exactTime, number, pretty, size } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { useKeys } from "../core/keyboard.js";
import { t } from "../core/language.js";
import { keyOf } from "../core/invocation_list.js";
import { useOutputs } from "../core/outputs.js";
import { FunctionLink, InvocationLink, Origin, Time } from "../parts/cells.js";
import { Editor, findFault } from "../parts/editor.js";
import { Frames } from "../parts/frames.js";
import { Page, Waiting } from "../parts/page.js";
import { Phases } from "../parts/phases.js";
import { Status } from "../parts/status.js";
import { Facts, Table } from "../parts/table.js";
import { TextBlock } from "../parts/text_block.js";
import { WebFacts } from "../parts/web_facts.js";

export function InvocationPage({ route, place }) {
  const query = { ...place, attempt: route.query.get("attempt") };
  const isConcerned = ({ items, skipped }) =>
    skipped > 0 || items.some((row) => [row.request_id, row.again_of].includes(place.request_id));
  const { data, error, reload } = useData("invocation", query, ["invocation"], isConcerned);
  if (!data) return html`<${Page} title=${t("Invocation")}><${Waiting} error=${error} /><//>`;
  return html`<${Invocation} found=${data} reload=${reload} />`;
}

function Invocation({ found, reload }) {
  const { row, event } = found;
  const { region, namespace, function: name, request_id } = row;
  const outputs = useOutputs({ region, namespace, function: name, request_id });
  const [draft, setDraft] = useState(null);
  const [isBusy, setBusy] = useState(false);
  const run = async (text) => {
    setBusy(true);
    await runAgain(row, text);
    setBusy(false);
    reload();
  };
  // The whole event, which is not here if it is long.
  const withEvent = async (task) => {
    const text = await perform(null, () => readWhole(event));
    if (text !== null) await task(text);
  };
  const again = () => !isBusy && found.can_run_again && withEvent(run);
  const edit = () => withEvent((text) => setDraft(pretty(text)));
  useKeys({ r: again });
  const actions =
    found.can_run_again &&
    html`<div class="actions">
    <button type="button" disabled=${isBusy} onClick=${again}>${isBusy ? t("Running…") : t("Run again")}</button>
    <button type="button" class="plain" onClick=${edit}>${t("Edit and run again")}</button>
  </div>`;
  return html`<${Page} title=${t("Invocation of {name}", { name: row.function })} actions=${actions}>
    ${draft !== null && html`<${Draft} text=${draft} setText=${setDraft} send=${() => run(draft)} isBusy=${isBusy} />`}
    <${Summary} row=${row} />
    <${Phases} phases=${row.status === null ? null : row.phases} />
    <${Runs} found=${found} />
    ${found.error && html`<${Failure} error=${found.error} />`}
    <${Text} label=${t("Result")} part=${found.result} isJson=${true} />
    <${WebFacts} web=${found.web} />
    <${Text} label=${t("Log")} part=${(row.status === null && outputs[keyOf(row)]) || found.log} />
    ${event ? html`<${Text} label=${t("Event")} part=${event} isJson=${true} />` : html`<p
      class="quiet">${t("Its event is not kept, so it can't be run again.")}</p>`}
  <//>`;
}

function Draft({ text, setText, send, isBusy }) {
  return html`<form class="block" aria-label=${t("Edit and run again")} onSubmit=${(event) => {
    event.preventDefault();
    send();
  }}>
    <${Editor} label=${t("Event")} value=${text} onInput=${setText} onSend=${send} />
    <div class="actions">
      <button disabled=${isBusy || findFault(text)}>${t("Run with this event")}</button>
      <button type="button" class="plain" onClick=${() => setText(null)}>${t("Close")}</button>
    </div>
  </form>`;
}

const Summary = ({ row }) =>
  html`<${Facts} pairs=${[
    [t("Status"), html`<${Status} invocation=${row} />`],
    [t("Function"), html`<${FunctionLink} row=${row} /> <span class="quiet">${row.version}</span>`],
    [t("Where"), `${row.region} / ${row.namespace}`],
    [t("Started"), exactTime(row.started_at)],
    [
      t("Duration"),
      row.status === null
        ? null
        : t("{time}, billed {billed} ms", { time: duration(row.duration_ms), billed: number(row.billed_ms) }),
    ],
    [
      t("Memory"),
      row.memory_bytes ? t("{used} of {most} MB", { used: size(row.memory_bytes), most: number(row.memory_mb) }) : null,
    ],
    [t("Origin"), html`<${Origin} row=${row} />`],
    [
      t("Repeats"),
      row.again_of && html`<${InvocationLink} row=${{ ...row, request_id: row.again_of }} attempt=${null} />`,
    ],
    [t("Request id"), html`<span class="id">${row.request_id}</span>`],
  ]} />`;

// The attempts of this invocation and the runs that repeat it, oldest first, so that what was mended stands below what
// failed.
function Runs({ found }) {
  const runs = [...found.attempts, ...found.again];
  if (!runs.some((run) => keyOf(run) === keyOf(found.row))) runs.unshift(found.row);
  if (runs.length < 2) return null;
  runs.sort((one, other) => one.started_at - other.started_at);
  return html`<div class="block">
    <header><h2>${t("Runs of this event")}</h2></header>
    <${Table} caption=${t("Runs of this event")} items=${runs} keyOf=${keyOf}
      rowClass=${(run) => (keyOf(run) === keyOf(found.row) ? "here" : "")} columns=${[
      { title: t("Status"), cell: (run) => html`<${Status} invocation=${run} />` },
      { title: t("Started"), cell: (run) => html`<${Time} at=${run.started_at} />` },
      { title: t("Duration"), cell: (run) => (run.status === null ? "" : duration(run.duration_ms)), isNumber: true },
      { title: t("Origin"), cell: (run) => html`<${Origin} row=${run} />` },
      { title: t("Request id"), cell: (run) => html`<${InvocationLink} row=${run} />` },
    ]} />
  </div>`;
}

const Failure = ({ error }) => html`
  <${TextBlock} label=${t("Error {code}", { code: error.status })}
    text=${error.message.startsWith(error.type) ? error.message : `${error.type}: ${error.message}`} />
  <${Frames} frames=${error.frames} />
  <${TextBlock} label=${t("Traceback")} text=${error.stack_trace} />`;

const Text = ({ label, part, isJson = false }) =>
  part &&
  html`<${TextBlock} label=${label} text=${part.text} isJson=${isJson} isCut=${part.is_cut} wholeBytes=${part.bytes}
    download=${part.download} />`;
