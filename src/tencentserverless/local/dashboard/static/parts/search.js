// A field to search in a list. It says what is typed when the typing rests, so a list is not asked for at each letter.
import { html, useEffect, useRef, useState } from "../core/html.js";
import { t } from "../core/language.js";

const REST_MS = 200;

export function Search({ label, value, onInput, field }) {
  const [typed, setTyped] = useState(value);
  const timer = useRef(null);
  useEffect(() => () => clearTimeout(timer.current), []);
  const type = (event) => {
    const text = event.target.value;
    setTyped(text);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onInput(text), REST_MS);
  };
  return html`<input type="search" class="search" aria-label=${label} placeholder=${`${label} (/)`} value=${typed}
    ref=${field}
    title=${t("Press / to search")} onInput=${type}
      onKeyDown=${(event) => event.key === "Escape" && event.target.blur()} />`;
}
