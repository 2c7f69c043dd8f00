// The frames of a traceback. Each leads to its line in the editor; for those without VS Code, the place can be copied.
import { copy } from "../core/actions.js";
import { visible } from "../core/format.js";
import { html } from "../core/html.js";
import { t } from "../core/language.js";

const editorAddress = ({ file, line }) => `vscode://file${file.split("/").map(encodeURIComponent).join("/")}:${line}`;

function Frame({ frame }) {
  const place = `${frame.file}:${frame.line}`;
  const isFile = frame.file.startsWith("/");
  return html`<li class=${frame.is_own ? "" : "quiet"}>
    <div class="row">
      ${isFile ? html`<a href=${editorAddress(frame)}
        title=${t("Open in the editor")}>${place}</a>` : html`<span>${place}</span>`}
      <span class="quiet">${frame.function}</span>
      <button type="button" class="small" aria-label=${t("Copy {what}", { what: place })}
        onClick=${() => copy(place)}>${t("Copy")}</button>
    </div>
    ${frame.source && html`<code>${visible(frame.source)}</code>`}
  </li>`;
}

export function Frames({ frames }) {
  if (!frames?.length) return null;
  return html`<section class="block" aria-label=${t("Where it failed")}>
    <header><h2>${t("Where it failed")}</h2></header>
    <ol class="frames">${frames.map((frame) => html`<${Frame} frame=${frame} />`)}</ol>
  </section>`;
}
