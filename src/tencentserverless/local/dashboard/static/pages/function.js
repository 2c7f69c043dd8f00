// One function, in parts: to invoke it, its live log, its configuration, its versions, what triggers it.
import { useData } from "../core/data.js";
import { duration, number } from "../core/format.js";
import { html, useMemo } from "../core/html.js";
import { t } from "../core/language.js";
import { linkTo, linkToFunction } from "../core/router.js";
import { Chart } from "../parts/chart.js";
import { Configuration } from "../parts/configuration.js";
import { Invoke } from "../parts/invoke.js";
import { LiveLog } from "../parts/live_log.js";
import { Page, Waiting } from "../parts/page.js";
import { Facts } from "../parts/table.js";
import { Triggers } from "../parts/triggers.js";
import { Versions } from "../parts/versions.js";
import { Time } from "../parts/cells.js";

const tabs = () => [
  ["", t("Invoke"), Invoke],
  ["log", t("Live log"), LiveLog],
  ["configuration", t("Configuration"), Configuration],
  ["versions", t("Versions and aliases"), Versions],
  ["triggers", t("Triggers and URLs"), Triggers],
];

export function FunctionPage({ route, place }) {
  const { data, error } = useData("function", place, ["function"]);
  if (!data) return html`<${Page} title=${place.function}><${Waiting} error=${error} /><//>`;
  const chosen = route.query.get("tab") ?? "";
  const [, , Shown] = tabs().find(([name]) => name === chosen) ?? tabs()[0];
  return html`<${Page} title=${place.function} actions=${html`<a
    href=${linkTo(["invocations"], place)}>${t("Its invocations")}</a>`}>
    <${Summary} found=${data} />
    <nav class="tabs" aria-label=${t("Parts of the function")}>
      ${tabs().map(([name, title]) => html`<a href=${linkToFunction(place, { tab: name })}
        aria-current=${name === chosen ? "true" : null}>${title}</a>`)}
    </nav>
    <${Shown} found=${data} place=${place} />
  <//>`;
}

function Summary({ found }) {
  const { summary } = found;
  const entry = found.entry && `${found.entry.file}:${found.entry.line}`;
  return html`<${Facts} pairs=${[
    [t("Where"), `${summary.region} / ${summary.namespace}`],
    [t("State"), summary.state],
    [t("Runtime"), summary.runtime],
    [
      t("Handler"),
      entry
        ? html`<a href=${`vscode://file${encodeURI(entry)}`} title=${entry}>${summary.handler}</a>`
        : summary.handler,
    ],
    [t("Description"), summary.description],
    [t("Last call"), summary.last_call_at && html`<${Time} at=${summary.last_call_at} />`],
    [t("Calls"), number(summary.calls)],
    [t("Errors"), html`<span class=${summary.errors ? "bad" : ""}>${number(summary.errors)}</span>`],
    [t("p50 / p95"), `${duration(summary.p50_ms)} / ${duration(summary.p95_ms)}`],
    [
      t("Instances"),
      t("{all}, {idle} idle", { all: number(summary.instances.all), idle: number(summary.instances.idle) }),
    ],
  ]} />
  <${Durations} summary=${summary} />`;
}

// One point for each span of time with calls. The spans are counted from now back.
function Durations({ summary }) {
  const { buckets, bucket_start_at: start, bucket_seconds: seconds } = summary;
  const points = useMemo(
    () => [
      buckets.map(({ index }) => start + index * seconds),
      buckets.map((bucket) => bucket.p50_ms),
      buckets.map((bucket) => bucket.p95_ms),
    ],
    [summary],
  );
  if (buckets.length < 2) return null;
  return html`<${Chart} label=${t("Durations over time, in milliseconds")} series=${["p50 (ms)", "p95 (ms)"]}
    points=${points} />`;
}
