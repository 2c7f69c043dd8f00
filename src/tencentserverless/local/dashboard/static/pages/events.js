// Events: the asynchronous queue, the retries to come, and the dead letters.
import { callAction, perform } from "../core/actions.js";
import { change, read } from "../core/api.js";
import { useData } from "../core/data.js";
import { distance, lastLine, number } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { t } from "../core/language.js";
import { FunctionLink, InvocationLink, Time } from "../parts/cells.js";
import { Page, Waiting } from "../parts/page.js";
import { Table } from "../parts/table.js";

const STATES = () => ({
  QUEUED: t("waits"),
  RUNNING: t("running"),
  WAITING_RETRY: t("waits for its retry"),
  TERMINATING: t("is being terminated"),
  DEAD: t("dead letter"),
});

const terminate = (event) =>
  perform(t("Terminated."), () =>
    callAction("TerminateAsyncEvent", event.region, {
      FunctionName: event.function,
      Namespace: event.namespace,
      InvokeRequestId: event.request_id,
    }),
  );

const sendAgain = (letter) => perform(t("Sent again."), () => change("POST", "dead-letters/send", { id: letter.id }));

const Text = ({ part }) => html`<code class="short" title=${part.text.slice(0, 500)}>${part.text.slice(0, 80)}</code>`;

const queueColumns = (reload) => [
  { title: t("State"), cell: (each) => STATES()[each.state] },
  { title: t("Function"), cell: (each) => html`<${FunctionLink} row=${each} />` },
  { title: t("Accepted"), cell: (each) => html`<${Time} at=${each.pushed_at} />` },
  {
    title: t("Next attempt"),
    cell: (each) => (each.due_at === null ? "" : html`<span title=${each.due_at}>${distance(each.due_at)}</span>`),
  },
  { title: t("Failed attempts"), cell: (each) => number(each.tries), isNumber: true },
  {
    title: t("Last error"),
    cell: (each) => html`<span class="bad" title=${each.error}>${lastLine(each.error)}</span>`,
  },
  { title: t("Event"), cell: (each) => html`<${Text} part=${each.event} />` },
  { title: t("Request id"), cell: (each) => html`<${InvocationLink} row=${each} attempt=${null} />` },
  {
    title: t("Action"),
    cell: (each) =>
      each.can_terminate &&
      html`<button type="button" class="small"
        onClick=${() => terminate(each).then(reload)}>${t("Terminate")}</button>`,
  },
];

const letterColumns = (reload) => [
  { title: t("Function"), cell: (each) => html`<${FunctionLink} row=${each} />` },
  { title: t("Accepted"), cell: (each) => html`<${Time} at=${each.pushed_at} />` },
  { title: t("Retries"), cell: (each) => number(each.retries), isNumber: true },
  {
    title: t("Last error"),
    cell: (each) => html`<span class="bad" title=${each.error}>${lastLine(each.error)}</span>`,
  },
  { title: t("Event"), cell: (each) => html`<${Text} part=${each.event} />` },
  { title: t("Request id"), cell: (each) => html`<${InvocationLink} row=${each} attempt=${null} />` },
  {
    title: t("Action"),
    cell: (each) =>
      html`<button type="button" class="small"
        onClick=${() => sendAgain(each).then(reload)}>${t("Send again")}</button>`,
  },
];

export function EventsPage() {
  const { data, error, reload } = useData("events", {}, ["queue", "invocation"]);
  const [older, setOlder] = useState({ items: [], next: null });
  if (!data) return html`<${Page} title=${t("Events")}><${Waiting} error=${error} /><//>`;
  const next = older.next ?? (older.items.length ? null : data.next);
  const more = async () => {
    const page = await perform(null, () => read("events", { cursor: next }));
    if (page) setOlder({ items: [...older.items, ...page.items], next: page.next });
  };
  const known = new Set(data.items.map((each) => each.request_id));
  const items = [...data.items, ...older.items.filter((each) => !known.has(each.request_id))];
  return html`<${Page} title=${t("Events")}>
    <h2>${t("Queue: {count}", { count: number(data.count) })}</h2>
    <${Table} caption=${t("Queue")} items=${items} keyOf=${(each) => each.request_id} columns=${queueColumns(reload)}
      empty=${t("No asynchronous invocation waits or runs.")} />
    ${next && html`<button type="button" class="plain" onClick=${more}>${t("Show more")}</button>`}
    <h2>${t("Dead letters")}</h2>
    <${Table} caption=${t("Dead letters")} items=${data.dead_letters.items} keyOf=${(each) => each.id}
      columns=${letterColumns(reload)}
      empty=${t("No dead letters: every event has succeeded, or is still tried.")} />
  <//>`;
}
