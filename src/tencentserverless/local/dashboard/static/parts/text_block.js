// Text that a function made: shown as text whatever is in it, with a button to copy it and, where it was cut, an
// address to download the whole.
import { copy } from "../core/actions.js";
import { pretty, size, visible } from "../core/format.js";
import { html } from "../core/html.js";
import { t } from "../core/language.js";

// More than this takes a browser long to lay out.
const MOST_CHARS = 64 * 1024;

export function TextBlock({ label, text, isJson = false, isCut = false, wholeBytes = null, download = null }) {
  if (text === null || text === undefined || text === "") return null;
  const shown = visible(isJson && !isCut ? pretty(text) : text);
  const isShort = !isCut && shown.length <= MOST_CHARS;
  return html`<div class="block">
    <header>
      <h2>${label}</h2>
      <button type="button" class="small" onClick=${() => copy(text)}>${t("Copy")}</button>
      ${download && html`<a class="small" href=${download} download>${t("Download")}</a>`}
    </header>
    <pre tabindex="0" role="region" aria-label=${label}>${shown.slice(0, MOST_CHARS)}</pre>
    ${!isShort && html`<p
      class="quiet">
      ${t("Only the beginning is shown; the whole has {size}.", { size: size(wholeBytes ?? text.length) })}
    </p>`}
  </div>`;
}
