// The ledger: how often each invocation really ran. What ran twice stands first, in red.
import { perform } from "../core/actions.js";
import { change } from "../core/api.js";
import { useData } from "../core/data.js";
import { number } from "../core/format.js";
import { html } from "../core/html.js";
import { t } from "../core/language.js";
import { FunctionLink, InvocationLink } from "./cells.js";
import { Waiting } from "./page.js";
import { Table } from "./table.js";

const turn = (isOn) =>
  perform(isOn ? t("The ledger is on.") : t("The ledger is off."), () => change("PUT", "ledger", { is_on: isOn }));
const clear = () => perform(t("The ledger is empty."), () => change("DELETE", "ledger"));

export function Ledger() {
  const { data, error, reload } = useData("ledger", {}, ["invocation"]);
  if (!data) return html`<${Waiting} error=${error} />`;
  return html`<h2>${t("Ledger")}</h2>
    <p>${data.is_on ? t("Every run is counted.") : t("It is off, because it hashes every event.")}${" "}
      ${data.count > 0 && html`${t("Entries: {count}.", { count: number(data.count) })} `}
      ${data.twice > 0 && html`<strong
        class="bad">${t("Ran twice or more: {count}.", { count: number(data.twice) })}</strong>`}</p>
    <div class="actions">
      <button type="button"
        onClick=${() => turn(!data.is_on).then(reload)}>${data.is_on ? t("Switch off") : t("Switch on")}</button>
      ${data.count > 0 && html`<button type="button" class="plain"
        onClick=${() => clear().then(reload)}>${t("Empty it")}</button>`}
    </div>
    <${Table} caption=${t("Ledger")} items=${data.items} keyOf=${(each) => each.request_id}
      rowClass=${(each) => (each.ran_twice ? "twice" : "")}
      empty=${t("No run is in it.")} columns=${[
        {
          title: t("Function"),
          cell: (each) => html`<${FunctionLink} row=${each} /> <span class="quiet">${each.version}</span>`,
        },
        {
          title: t("Begun"),
          cell: (each) =>
            each.ran_twice
              ? html`<strong class="bad">${t("{count} times", { count: number(each.begun) })}</strong>`
              : number(each.begun),
          isNumber: true,
        },
        { title: t("Ended"), cell: (each) => number(each.ended), isNumber: true },
        { title: t("Status"), cell: (each) => each.status },
        {
          title: t("Event"),
          cell: (each) => html`<code class="short" title=${each.payload}>${each.event ?? each.payload}</code>`,
        },
        { title: t("Request id"), cell: (each) => html`<${InvocationLink} row=${each} attempt=${null} />` },
      ]} />`;
}
