// Where the time of an invocation went, as one bar. The numbers stand below it, so the colours say nothing alone.
import { duration } from "../core/format.js";
import { html } from "../core/html.js";
import { t } from "../core/language.js";

export function Phases({ phases }) {
  if (!phases) return null;
  const parts = [
    { name: "queued", label: t("queued"), ms: phases.queued_ms },
    { name: "cold", label: t("cold start"), ms: phases.cold_start_ms },
    { name: "run", label: t("run"), ms: phases.run_ms },
  ].filter(({ ms }) => ms !== null && ms !== undefined);
  const whole = parts.reduce((sum, { ms }) => sum + ms, 0);
  return html`<section class="block" aria-label=${t("Phases")}>
    <header><h2>${t("Phases")}</h2></header>
    <div class="phases" aria-hidden="true">
      ${parts.map(({ name, ms }) => html`<span class=${name} style=${{ flexGrow: whole ? ms / whole : 0 }}></span>`)}
    </div>
    <ul class="legend">
      ${parts.map(({ name, label, ms }) => html`<li class=${name}>${label}: ${duration(ms)}</li>`)}
    </ul>
  </section>`;
}
