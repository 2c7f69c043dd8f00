// A field for an event: JSON, checked as one types. What is not JSON can't be sent.
import { html, useId, useRef } from "../core/html.js";
import { t } from "../core/language.js";

// Return null for JSON, else what is wrong with it, and where if the browser tells.
export function findFault(text) {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const place = placeOf(error.message, text);
    return place ? t("Not JSON: line {line}, column {column}.", place) : t("Not JSON.");
  }
}

// Chromium and Safari give a position, Firefox a line and a column.
function placeOf(message, text) {
  const pair = /line (\d+) column (\d+)/.exec(message);
  if (pair) return { line: pair[1], column: pair[2] };
  const position = /position (\d+)/.exec(message);
  const end = position ? Number(position[1]) : /end of (JSON|data)/i.test(message) ? text.length : null;
  if (end === null) return null;
  const before = text.slice(0, end).split("\n");
  return { line: before.length, column: before.at(-1).length + 1 };
}

export function Editor({ label, value, onInput, onSend }) {
  const id = useId();
  const field = useRef(null);
  const fault = findFault(value);
  const press = (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !fault) {
      event.preventDefault();
      onSend();
    }
    if (event.key === "Escape") field.current.blur();
  };
  return html`<div class="editor">
    <label for=${id}>${label}</label>
    <textarea id=${id} ref=${field} value=${value} rows="12" spellcheck=${false} autocomplete="off"
      aria-invalid=${fault ? "true" : "false"}
      aria-describedby=${`${id}-fault`} onInput=${(event) => onInput(event.target.value)} onKeyDown=${press}></textarea>
    <p id=${`${id}-fault`} class=${fault ? "bad" : "quiet"}
      aria-live="polite">${fault ?? t("JSON is well-formed. Ctrl+Enter sends it.")}</p>
  </div>`;
}
