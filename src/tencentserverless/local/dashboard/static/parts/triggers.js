// What calls a function besides the API: its triggers and its URLs.
import { copy } from "../core/actions.js";
import { html } from "../core/html.js";
import { t } from "../core/language.js";
import { Table } from "./table.js";

// How a URL reaches its function, as the server names it.
const NOTES = () => ({
  extranet: t("as from the internet"),
  intranet: t("as from the private network"),
  path: t("for clients that don't resolve names below localhost"),
});

export const Triggers = ({ found }) => html`
  <h2>${t("Triggers")}</h2>
  <${Table} caption=${t("Triggers")} items=${found.triggers} keyOf=${(each) => `${each.type}/${each.name}`} columns=${[
    { title: t("Name"), cell: (each) => each.name },
    { title: t("Type"), cell: (each) => each.type },
    { title: t("Version or alias"), cell: (each) => each.qualifier },
    { title: t("State"), cell: (each) => (each.is_enabled ? t("on") : t("off")) },
    { title: t("Made of"), cell: (each) => html`<code>${each.text}</code>` },
  ]} />
  <h2>${t("URLs")}</h2>
  <${Table} caption=${t("URLs")} items=${found.urls} keyOf=${(each) => each.url} columns=${[
    {
      title: t("URL"),
      cell: (each) => html`<a href=${each.url} target="_blank" rel="noopener noreferrer">${each.url}</a>`,
    },
    { title: t("Version or alias"), cell: (each) => each.qualifier },
    { title: t("Note"), cell: (each) => NOTES()[each.note] ?? each.note },
    {
      title: t("Action"),
      cell: (each) =>
        html`<button type="button" class="small" aria-label=${t("Copy {what}", { what: each.url })}
          onClick=${() => copy(each.url)}>${t("Copy")}</button>`,
    },
  ]} />`;
