// A plain table, for lists that are short. On a narrow screen it scrolls by itself, not the page.
import { html } from "../core/html.js";
import { t } from "../core/language.js";

// columns: [{title, cell: (item) => content, isNumber}]
export function Table({ caption, columns, items, keyOf, rowClass = () => "", empty = t("Nothing here yet.") }) {
  if (!items?.length) return html`<p class="quiet">${empty}</p>`;
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${caption}>
    <table>
      <caption class="unseen">${caption}</caption>
      <thead>
        <tr>${columns.map(({ title, isNumber }) => html`<th scope="col"
          class=${isNumber ? "number" : ""}>${title}</th>`)}</tr>
      </thead>
      <tbody>
        ${items.map(
          (item) => html`<tr key=${keyOf(item)} class=${rowClass(item)}>
          ${columns.map(({ cell, isNumber }) => html`<td class=${isNumber ? "number" : ""}>${cell(item)}</td>`)}
        </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

// Names and values of one thing. pairs: [[name, content]]; a pair without content is left out.
export function Facts({ pairs }) {
  const given = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return html`<dl
    class="facts">${given.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
