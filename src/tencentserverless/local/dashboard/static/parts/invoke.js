// The form to invoke a function, and what came back.
import { invoke, perform, statusOf } from "../core/actions.js";
import { useData } from "../core/data.js";
import { duration } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { language, t } from "../core/language.js";
import { InvocationLink } from "./cells.js";
import { Editor, findFault } from "./editor.js";
import { Status } from "./status.js";
import { Facts } from "./table.js";
import { TextBlock } from "./text_block.js";

const FIRST_EVENT = '{\n  "name": "SCF"\n}';

export function Invoke({ found, place }) {
  const [event, setEvent] = useState(FIRST_EVENT);
  const [qualifier, setQualifier] = useState("$LATEST");
  const [isAsync, setAsync] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [outcome, setOutcome] = useState(null);
  const send = async () => {
    setBusy(true);
    const result = await perform(null, () => invoke(place, event, { qualifier, isAsync }));
    setOutcome(result);
    setBusy(false);
  };
  if (found.summary.type === "HTTP")
    return html`<p>${t("A web function is called by its URL. Its URLs are below Triggers and URLs.")}</p>`;
  return html`<form onSubmit=${(submit) => {
    submit.preventDefault();
    send();
  }} aria-label=${t("Invoke")}>
    <div class="filters">
      <${Samples} onChoose=${setEvent} />
      <${Qualifiers} found=${found} value=${qualifier} onChange=${setQualifier} />
      <label class="check"><input type="checkbox" checked=${isAsync}
        onChange=${(change) => setAsync(change.target.checked)} /> ${t("asynchronous")}</label>
    </div>
    <${Editor} label=${t("Event")} value=${event} onInput=${setEvent} onSend=${send} />
    <div class="actions"><button
      disabled=${isBusy || findFault(event)}>${isBusy ? t("Running…") : t("Invoke")}</button></div>
    <${Answer} outcome=${outcome} place=${place} />
  </form>`;
}

function Samples({ onChoose }) {
  const { data } = useData("samples");
  const choose = (change) => {
    const sample = data.items.find(({ name }) => name === change.target.value);
    if (sample) onChoose(JSON.stringify(sample.event, null, 2));
  };
  return html`<label>${t("Sample event")} <select onChange=${choose}>
    <option value="">${t("choose")}</option>
    ${data?.items.map(({ name, about }) => html`<option
      value=${name}>${language() === "en" && about ? `${name}: ${about}` : name}</option>`)}
  </select></label>`;
}

// All that a call can name: the newest code, versions and aliases.
const namesOf = ({ versions, aliases }) => [
  ...new Set(["$LATEST", ...versions.map(({ version }) => version), ...aliases.map(({ name }) => name)]),
];

const Qualifiers = ({
  found,
  value,
  onChange,
}) => html`<label>${t("Version or alias")} <select value=${value} onChange=${(change) => onChange(change.target.value)}>
  ${namesOf(found).map((name) => html`<option value=${name}>${name}</option>`)}
</select></label>`;

function Answer({ outcome, place }) {
  if (!outcome) return null;
  const link = html`<${InvocationLink} row=${{ ...place, request_id: outcome.FunctionRequestId }} attempt=${null} />`;
  const status = statusOf(outcome);
  if (status === null) return html`<p role="status">${t("Accepted:")} ${link}</p>`;
  return html`<section aria-label=${t("Answer")} role="status">
    <${Facts} pairs=${[
      [t("Status"), html`<${Status} invocation=${{ status }} />`],
      [t("Duration"), duration(outcome.Duration)],
      [t("Request id"), link],
    ]} />
    <${TextBlock} label=${t("Error")} text=${outcome.ErrMsg} />
    <${TextBlock} label=${t("Result")} text=${outcome.RetMsg} isJson=${true} />
    <${TextBlock} label=${t("Log")} text=${outcome.Log} />
  </section>`;
}
