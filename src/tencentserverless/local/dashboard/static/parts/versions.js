// The versions of a function, and the aliases that lead to them.
import { duration, number } from "../core/format.js";
import { html } from "../core/html.js";
import { t } from "../core/language.js";
import { Time } from "./cells.js";
import { Table } from "./table.js";

const MS = 1000;

const sharesOf = (alias) =>
  [
    ...alias.weights.map(({ version, share }) => `${version}: ${number(Math.round(share * 1000) / 10)} %`),
    ...alias.matches.map(({ version, key, method, expression }) => `${version}: ${key} ${method} ${expression}`),
  ].join("; ");

export const Versions = ({ found }) => html`
  <h2>${t("Versions")}</h2>
  <${Table} caption=${t("Versions")} items=${found.versions} keyOf=${(each) => each.version} columns=${[
    { title: t("Version"), cell: (each) => each.version },
    { title: t("Description"), cell: (each) => each.description },
    { title: t("Runtime"), cell: (each) => each.runtime },
    { title: t("Memory"), cell: (each) => `${number(each.memory_mb)} MB`, isNumber: true },
    { title: t("Time limit"), cell: (each) => duration(each.timeout_seconds * MS), isNumber: true },
    { title: t("Changed"), cell: (each) => html`<${Time} at=${each.changed_at} />` },
  ]} />
  <h2>${t("Aliases")}</h2>
  <${Table} caption=${t("Aliases")} items=${found.aliases} keyOf=${(each) => each.name} columns=${[
    { title: t("Alias"), cell: (each) => each.name },
    { title: t("Version"), cell: (each) => each.version },
    { title: t("Shares"), cell: sharesOf },
    { title: t("Description"), cell: (each) => each.description },
  ]} />`;
