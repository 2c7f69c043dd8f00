// What stands above every page: where one can go, the language, and whether the server answers.
import { say, watchOutcomes } from "../core/actions.js";
import { change } from "../core/api.js";
import { watchConnection } from "../core/changes.js";
import { html, useEffect, useState } from "../core/html.js";
import { chooseLanguage, language, LANGUAGES, t } from "../core/language.js";
import { explain } from "../core/refusals.js";

const OUTCOME_MS = 6000;

const places = () => [
  ["", t("Overview")],
  ["invocations", t("Invocations")],
  ["traces", t("Web requests")],
  ["events", t("Events")],
  ["timers", t("Timers")],
  ["chaos", t("Chaos")],
];

function LanguageChoice({ onLanguage }) {
  const other = language() === "zh" ? "en" : "zh";
  const choose = async () => {
    await chooseLanguage(other);
    onLanguage(other);
  };
  return html`<button type="button" class="small" lang=${other} onClick=${choose}>${LANGUAGES[other]}</button>`;
}

const TROUBLES = () => ({
  lost: t("The server does not answer. This page comes back by itself when it does."),
  signedOut: t("This browser is signed out. Run: scf local open"),
  refused: t("Too many pages of this server are open: this one does not follow what happens. Close some."),
});

function skip(event) {
  event.preventDefault();
  document.querySelector("main h1")?.focus();
}

async function signOut() {
  await change("POST", "sign-out");
  location.reload();
}

export function Header({ route, session, onLanguage }) {
  const here = route.segments[0] === "functions" ? "" : (route.segments[0] ?? "");
  return html`<header class="top">
    <a class="skip" href=${location.hash} onClick=${skip}>${t("Skip to the page")}</a>
    <a class="brand" href="#/" title=${session?.project ?? ""}>SCF <span>${t("local")}</span></a>
    <nav aria-label=${t("Pages")}>
      ${places().map(([name, title]) => html`<a href=${`#/${name}`}
        aria-current=${name === here ? "page" : null}>${title}</a>`)}
    </nav>
    <div class="tools">
      <${LanguageChoice} onLanguage=${onLanguage} />
      ${session && html`<button type="button" class="small"
        onClick=${() => signOut().catch((error) => say(explain(error), true))}>${t("Sign out")}</button>`}
    </div>
  </header>`;
}

// Two lines that a screen reader reads out: that the server is away, and what the last action led to.
export function Outcome({ route }) {
  const [outcome, setOutcome] = useState(null);
  const [connection, setConnection] = useState("opening");
  useEffect(() => watchConnection((state) => setConnection(state.connection)), []);
  useEffect(() => watchOutcomes(setOutcome), []);
  // On another page it would seem to be about that one.
  useEffect(() => setOutcome(null), [route.segments.join("/")]);
  useEffect(() => {
    const timer = outcome && !outcome.isError ? setTimeout(() => setOutcome(null), OUTCOME_MS) : null;
    return () => clearTimeout(timer);
  }, [outcome]);
  return html`<div class="outcomes">
    <div role="alert">${TROUBLES()[connection] && html`<p class="outcome bad">${TROUBLES()[connection]}</p>`}</div>
    <div role="status">${
      outcome &&
      html`<p class=${`outcome ${outcome.isError ? "bad" : "good"}`}>${outcome.text}
      <button type="button" class="small" aria-label=${t("Close")} onClick=${() => setOutcome(null)}>×</button></p>`
    }</div>
  </div>`;
}
