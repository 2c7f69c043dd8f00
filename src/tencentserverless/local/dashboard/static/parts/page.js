// The frame of every page: its heading, and what stands in the place of data that is not there.
import { html, useEffect, useRef } from "../core/html.js";
import { t } from "../core/language.js";
import { explain } from "../core/refusals.js";

export function Page({ title, children, actions = null }) {
  const heading = useRef(null);
  useEffect(() => {
    document.title = `${title} · SCF`;
  }, [title]);
  // A reader by ear is where the new page begins.
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return html`<main>
    <div class="title"><h1 tabindex="-1" ref=${heading}>${title}</h1>${actions}</div>
    ${children}
  </main>`;
}

// What to show while there is no data: that it comes, or why not.
export function Waiting({ error }) {
  if (!error) return html`<p class="quiet" aria-busy="true">${t("Loading…")}</p>`;
  if (error.isSignedOut)
    return html`<p class="bad"
      role="alert">
      ${t("This browser is not signed in. Run this command, and open the address it prints:")}${" "}
      <code>scf local open</code>
    </p>`;
  return html`<p class="bad" role="alert">${explain(error)}</p>`;
}
