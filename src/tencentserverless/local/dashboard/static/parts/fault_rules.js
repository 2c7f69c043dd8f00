// The fault rules with their counts. They are made and ended here; the first rule that matches a call decides.
import { perform } from "../core/actions.js";
import { change } from "../core/api.js";
import { useData } from "../core/data.js";
import { number } from "../core/format.js";
import { html, useState } from "../core/html.js";
import { t } from "../core/language.js";
import { Waiting } from "./page.js";
import { Table } from "./table.js";

const KINDS = () => ({
  refuse: t("refuse: an error of the API; nothing runs"),
  throttle: t("throttle: too many calls; nothing runs"),
  delay: t("delay: the call runs later"),
  crash: t("crash: it runs, then its instance ends"),
  timeout: t("timeout: it runs, then it counts as too slow"),
  lost: t("lost: it runs, and its answer does not arrive"),
  cut: t("cut: it runs, and half of its answer arrives"),
});

const whenOf = (rule) =>
  [
    rule.first ? t("the first {count}", { count: number(rule.first) }) : "",
    rule.every ? t("one of every {count}", { count: number(rule.every) }) : "",
    rule.rate !== null && rule.rate !== undefined ? t("{share} % of them", { share: number(rule.rate * 100) }) : "",
  ]
    .filter(Boolean)
    .join(", ") || t("every call");

// The counts are answers of the server; a rule is sent without them, and keeps its own where it stays as it was.
const bare = ({ fitted, fired, ...rule }) => rule;

const putRules = (done, rules) => perform(done, () => change("PUT", "faults", { rules: rules.map(bare) }));

export function FaultRules() {
  const { data, error, reload } = useData("faults", {}, ["fault", "invocation"]);
  if (!data) return html`<${Waiting} error=${error} />`;
  const add = (rule) => putRules(t("The rule is in force."), [...data.rules, rule]).then(reload);
  const end = (at) =>
    putRules(
      t("The rule has ended."),
      data.rules.filter((_, index) => index !== at),
    ).then(reload);
  const rules = data.rules.map((rule, at) => ({ ...rule, at }));
  return html`<h2>${t("Faults")}</h2>
    <${Table} caption=${t("Fault rules")} items=${rules} keyOf=${(rule) => rule.at}
      empty=${t("No rule: no call fails on purpose.")} columns=${[
      { title: t("Kind"), cell: (rule) => rule.kind },
      { title: t("Function"), cell: (rule) => html`<code>${rule.function ?? "*"}</code>` },
      { title: t("Which calls"), cell: whenOf },
      { title: t("Calls that match"), cell: (rule) => number(rule.fitted), isNumber: true },
      { title: t("Calls that were hit"), cell: (rule) => number(rule.fired), isNumber: true },
      {
        title: t("Action"),
        cell: (rule) => html`<button type="button" class="small" onClick=${() => end(rule.at)}>${t("End")}</button>`,
      },
    ]} />
    <${NewRule} onAdd=${add} />`;
}

const numberOf = (text) => (text === "" ? undefined : Number(text));

function NewRule({ onAdd }) {
  const [kind, setKind] = useState("lost");
  const [name, setName] = useState("*");
  const [first, setFirst] = useState("1");
  const [share, setShare] = useState("");
  const [seconds, setSeconds] = useState("1");
  const submit = (event) => {
    event.preventDefault();
    const rule = {
      kind,
      function: name || "*",
      first: numberOf(first),
      rate: share === "" ? undefined : Number(share) / 100,
    };
    onAdd(kind === "delay" ? { ...rule, seconds: Number(seconds) } : rule);
  };
  const field = (label, value, set, limits) =>
    html`<label>${label} <input type="number" value=${value} ...${limits}
      onInput=${(event) => set(event.target.value)} /></label>`;
  return html`<form class="filters" aria-label=${t("New rule")} onSubmit=${submit}>
    <label>${t("Kind")} <select value=${kind} onChange=${(event) => setKind(event.target.value)}>
      ${Object.entries(KINDS()).map(([value, about]) => html`<option value=${value}>${about}</option>`)}
    </select></label>
    <label>${t("Function (* for any)")} <input value=${name}
      onInput=${(event) => setName(event.target.value)} /></label>
    ${field(t("Only the first"), first, setFirst, { min: 1, step: 1 })}
    ${field(t("Share in %"), share, setShare, { min: 0, max: 100, step: "any" })}
    ${kind === "delay" && field(t("Seconds"), seconds, setSeconds, { min: 0, max: 900, step: "any", required: true })}
    <button>${t("Make the rule")}</button>
  </form>`;
}
