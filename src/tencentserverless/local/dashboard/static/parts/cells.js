// Cells that several tables have.
import { number, time, exactTime } from "../core/format.js";
import { html } from "../core/html.js";
import { t } from "../core/language.js";
import { linkToFunction, linkToInvocation } from "../core/router.js";

export const FunctionLink = ({ row }) => html`<a href=${linkToFunction(row)}>${row.function}</a>`;

export const InvocationLink = ({ row, attempt = row.attempt, text }) =>
  html`<a class=${text ? "" : "id"} href=${linkToInvocation(row, attempt)}>${text ?? row.request_id}</a>`;

export const Time = ({ at }) => html`<time title=${exactTime(at)}>${time(at)}</time>`;

const ORIGINS = () => ({
  api: t("API"),
  queue: t("queue"),
  timer: t("timer"),
  url: t("URL"),
  dashboard: t("dashboard"),
});

// How a run came about: what started it, whether it repeats another one, and which attempt it is.
export function Origin({ row }) {
  const origin = ORIGINS()[row.origin] ?? row.origin;
  return html`<span>${origin}
    ${row.again_of && html` <span class="mark">↻ ${t("again")}</span>`}
    ${row.attempt > 0 && html` <span
      class="mark">${t("retry {count}", { count: number(row.attempt) })}</span>`}</span>`;
}

// Where a function is, for tables that mix regions and namespaces.
export const Where = ({ row }) => html`<span class="quiet">${row.region} / ${row.namespace}</span>`;
