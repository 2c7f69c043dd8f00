// The start of the page: who serves it, in which language, and which page the address names.
import { readSession } from "./core/api.js";
import { openChanges, watchConnection } from "./core/changes.js";
import { html, render, useEffect, useState } from "./core/html.js";
import { language, loadLanguage, t } from "./core/language.js";
import { useRoute } from "./core/router.js";
import { say } from "./core/actions.js";
import { Header, Outcome } from "./parts/header.js";
import { Page, Waiting } from "./parts/page.js";
import { ChaosPage } from "./pages/chaos.js";
import { EventsPage } from "./pages/events.js";
import { FunctionPage } from "./pages/function.js";
import { InvocationPage } from "./pages/invocation.js";
import { InvocationsPage } from "./pages/invocations.js";
import { OverviewPage } from "./pages/overview.js";
import { TimersPage } from "./pages/timers.js";
import { TracesPage } from "./pages/traces.js";

const PAGES = { invocations: InvocationsPage, traces: TracesPage, events: EventsPage, timers: TimersPage, chaos: ChaosPage };
const ONE_OF = { functions: FunctionPage, invocations: InvocationPage };
const PLACE_PARTS = ["region", "namespace", "function", "request_id"];

function choosePage({ segments: [name, ...rest] }) {
  if (!name) return { Shown: OverviewPage, place: {} };
  const place = Object.fromEntries(rest.map((value, at) => [PLACE_PARTS[at], value]));
  return { Shown: (rest.length >= 3 ? ONE_OF : PAGES)[name] ?? MissingPage, place };
}

const MissingPage = () => html`<${Page} title=${t("There is no such page")}><p><a href="#/">${t("Overview")}</a></p><//>`;

// Read the session of the server that answers now, and once more after each restart.
function useSession() {
  const [found, setFound] = useState({ session: null, error: null });
  useEffect(() => {
    let known = null;
    return watchConnection(async ({ restarts }) => {
      if (restarts === known) return;
      known = restarts;
      try {
        setFound({ session: await readSession(), error: null });
        if (restarts) say(t("The server has restarted. This page shows the new one."));
      } catch (error) {
        setFound({ session: null, error });
      }
    });
  }, []);
  return found;
}

function App() {
  const [shown, setShown] = useState(language());
  const { session, error } = useSession();
  const route = useRoute();
  useEffect(() => void (session && openChanges()), [Boolean(session)]);
  const { Shown, place } = choosePage(route);
  return html`<div class="app" key=${shown}>
    <${Header} route=${route} session=${session} onLanguage=${setShown} />
    <${Outcome} route=${route} />
    ${session
      ? html`<${Shown} key=${route.segments.join("/")} route=${route} place=${place} session=${session} />`
      : html`<${Page} title=${t("Local SCF")}><${Waiting} error=${error} /><//>`}
  </div>`;
}

await loadLanguage();
render(html`<${App} />`, document.getElementById("app"));
