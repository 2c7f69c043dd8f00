// Timers: when each is due next, and to run one now.
import { callAction, perform } from "../core/actions.js";
import { change } from "../core/api.js";
import { useData } from "../core/data.js";
import { distance } from "../core/format.js";
import { html, useEffect, useState } from "../core/html.js";
import { t } from "../core/language.js";
import { FunctionLink, InvocationLink, Time, Where } from "../parts/cells.js";
import { Page, Waiting } from "../parts/page.js";
import { Table } from "../parts/table.js";

const TICK_MS = 1000;

const keyOf = (timer) => `${timer.region}/${timer.namespace}/${timer.function}/${timer.trigger}`;

const runNow = ({ region, namespace, function: name, trigger }) =>
  perform(t("The timer has started its function."), () =>
    change("POST", "timers/fire", { region, namespace, function: name, trigger }),
  );

const turn = (timer) =>
  perform(timer.is_enabled ? t("Switched off.") : t("Switched on."), () =>
    callAction("UpdateTriggerStatus", timer.region, {
      FunctionName: timer.function,
      Namespace: timer.namespace,
      TriggerName: timer.trigger,
      Type: "timer",
      Qualifier: timer.qualifier,
      Enable: timer.is_enabled ? "CLOSE" : "OPEN",
    }),
  );

// Ask for what is due next as soon as the earliest time has passed.
function useTimers() {
  const found = useData("timers", {}, ["function"]);
  const [, setNow] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => {
      setNow(Date.now());
      if (found.data?.items.some(({ next_at }) => next_at.length && next_at[0] * TICK_MS < Date.now())) found.reload();
    }, TICK_MS);
    return () => clearInterval(timer);
  }, [found.data]);
  return found;
}

export function TimersPage() {
  const { data, error, reload } = useTimers();
  const [started, setStarted] = useState(null);
  if (!data) return html`<${Page} title=${t("Timers")}><${Waiting} error=${error} /><//>`;
  const start = async (timer) => {
    const answer = await runNow(timer);
    if (answer) setStarted({ ...timer, ...answer });
  };
  return html`<${Page} title=${t("Timers")}>
    ${started && html`<p role="status">${t("Started:")} <${InvocationLink} row=${started} attempt=${null} /></p>`}
    <${Table} caption=${t("Timers")} items=${data.items} keyOf=${keyOf} empty=${t("No function has a timer.")}
      columns=${[
      { title: t("Function"), cell: (each) => html`<${FunctionLink} row=${each} /> <${Where} row=${each} />` },
      { title: t("Timer"), cell: (each) => each.trigger },
      { title: t("Cron expression"), cell: (each) => html`<code>${each.cron}</code>` },
      { title: t("Next"), cell: (each) => html`<${Next} timer=${each} />` },
      { title: t("Text for the event"), cell: (each) => each.argument && html`<code>${each.argument}</code>` },
      {
        title: t("Action"),
        cell: (each) => html`<div class="actions">
        <button type="button" class="small" onClick=${() => start(each)}>${t("Run now")}</button>
        <button type="button" class="small"
          onClick=${() => turn(each).then(reload)}>
          ${each.is_enabled ? t("Switch off") : t("Switch on")}
        </button></div>`,
      },
    ]} />
  <//>`;
}

function Next({ timer }) {
  if (!timer.is_enabled) return t("off");
  if (!timer.next_at.length) return t("never");
  const [first, ...others] = timer.next_at;
  const times = [first, ...others].map((at, index) => html`${index ? ", " : ""}<${Time} at=${at} />`);
  return html`<strong>${distance(first)}</strong> ${times}`;
}
