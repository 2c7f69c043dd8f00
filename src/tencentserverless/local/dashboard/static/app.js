// The start of the page: in which language, and which page the address names.
import { say } from "./core/actions.js";
import { foresee, readSession } from "./core/api.js";
import { openChanges, watchConnection } from "./core/changes.js";
import { html, render, useEffect, useState } from "./core/html.js";
import { language, loadLanguage, t } from "./core/language.js";
import { useRoute } from "./core/router.js";
import { Header, Outcome } from "./parts/header.js";
import { Page, Waiting } from "./parts/page.js";
import { OverviewPage } from "./pages/overview.js";

// The overview is there at once; every other page begins when it is asked for, or when the browser has time. The
// tables are asked with what stands in the address, so they inherit no names.
const LOADERS = {
  __proto__: null,
  chaos: () => import("./pages/chaos.js").then((module) => module.ChaosPage),
  events: () => import("./pages/events.js").then((module) => module.EventsPage),
  function: () => import("./pages/function.js").then((module) => module.FunctionPage),
  invocation: () => import("./pages/invocation.js").then((module) => module.InvocationPage),
  invocations: () => import("./pages/invocations.js").then((module) => module.InvocationsPage),
  timers: () => import("./pages/timers.js").then((module) => module.TimersPage),
  traces: () => import("./pages/traces.js").then((module) => module.TracesPage),
};
const ONE_OF = { __proto__: null, functions: "function", invocations: "invocation" };
const PLACE_PARTS = ["region", "namespace", "function", "request_id"];
const loaded = { __proto__: null, overview: OverviewPage };

function choosePage({ segments: [name = "overview", ...rest] }) {
  const place = Object.fromEntries(rest.map((value, at) => [PLACE_PARTS[at], value]));
  return { name: rest.length >= PLACE_PARTS.length - 1 ? (ONE_OF[name] ?? name) : name, place };
}

const MissingPage = () =>
  html`<${Page} title=${t("There is no such page")}><p><a href="#/">${t("Overview")}</a></p><//>`;
const ComingPage = () => html`<${Page} title=${t("Local SCF")}><${Waiting} /><//>`;

async function load(name) {
  loaded[name] ??= await LOADERS[name]();
}

// The page of this name, or one that stands in for it until it is loaded.
function usePage(name) {
  const [, draw] = useState(null);
  // Asked while it is drawn: until the effect runs, the page may have come by itself, and this drawing would stay.
  const isComing = name in LOADERS && !(name in loaded);
  useEffect(() => {
    if (isComing)
      load(name).then(
        () => draw(name),
        () => say(t("The server does not answer."), true),
      );
  }, [name]);
  return isComing ? ComingPage : (loaded[name] ?? MissingPage);
}

// Read the session of the server that answers now, and once more after each restart. No page waits for it: what a page
// reads tells by itself if the browser is not signed in.
function useSession() {
  const [session, setSession] = useState(null);
  useEffect(() => {
    let known = null;
    return watchConnection(({ restarts }) => {
      if (restarts === known) return;
      known = restarts;
      if (restarts) say(t("The server has restarted. This page shows the new one."));
      readSession().then(setSession, () => undefined);
    });
  }, []);
  return session;
}

function App() {
  const [shown, setShown] = useState(language());
  const session = useSession();
  const route = useRoute();
  const { name, place } = choosePage(route);
  const Shown = usePage(name);
  return html`<div class="app" key=${shown}>
    <${Header} route=${route} session=${session} onLanguage=${setShown} />
    <${Outcome} route=${route} />
    <${Shown} key=${route.segments.join("/")} route=${route} place=${place} />
  </div>`;
}

if (globalThis.earlyOverview) foresee("overview", globalThis.earlyOverview);
await loadLanguage();
render(html`<${App} />`, document.getElementById("app"));
openChanges();
// Safari has no requestIdleCallback.
(window.requestIdleCallback ?? setTimeout)(() =>
  Object.keys(LOADERS).forEach((name) => load(name).catch(() => undefined)),
);
