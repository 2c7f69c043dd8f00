// The configuration of a function beside what its file says, and its environment.
import { html } from "../core/html.js";
import { t } from "../core/language.js";
import { Facts, Table } from "./table.js";

const show = (value) =>
  value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value);

export const Configuration = ({ found }) => html`
  <${Facts} pairs=${[
    [t("Configuration file"), found.source && html`<code>${found.source}</code>`],
    [t("Code folder"), found.code_folder && html`<code>${found.code_folder}</code>`],
  ]} />
  <h2>${t("Settings")}</h2>
  <${Table} caption=${t("Settings")} items=${found.settings} keyOf=${(each) => each.name}
    rowClass=${(each) => (each.differs ? "differs" : "")} columns=${[
    { title: t("Setting"), cell: (each) => each.name },
    { title: t("Value"), cell: (each) => html`<code>${show(each.value)}</code>` },
    {
      title: t("In the file"),
      cell: (each) =>
        each.differs ? html`<span class="warn">${t("differs:")} <code>${show(each.file_value)}</code></span>` : "",
    },
  ]} />
  <h2>${t("Environment")}</h2>
  <${Table} caption=${t("Environment")} items=${found.environment} keyOf=${(each) => each.name}
    empty=${t("No variables.")} columns=${[
    { title: t("Name"), cell: (each) => html`<code>${each.name}</code>` },
    {
      title: t("Value"),
      cell: (each) =>
        each.is_covered
          ? html`<span class="quiet">${t("covered: it looks like a secret")}</span>`
          : html`<code>${each.value}</code>`,
    },
    {
      title: t("In the file"),
      cell: (each) => (each.differs ? html`<span class="warn">${t("differs")}</span>` : ""),
    },
  ]} />`;
