// Chaos: rules that make calls fail on purpose, and the ledger that tells what ran how often.
import { html } from "../core/html.js";
import { t } from "../core/language.js";
import { Page } from "../parts/page.js";
import { FaultRules } from "../parts/fault_rules.js";
import { Ledger } from "../parts/ledger.js";

export const ChaosPage = () => html`<${Page} title=${t("Chaos")}>
  <${FaultRules} />
  <${Ledger} />
<//>`;
