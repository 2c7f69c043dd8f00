// How an invocation stands: a word, a sign and a colour, so that no one of them has to be seen.
import { html } from "../core/html.js";
import { t } from "../core/language.js";

export function statusOf(invocation) {
  if (invocation.status === null || invocation.status === undefined)
    return { kind: "running", sign: "…", text: t("running") };
  if (invocation.status === 0) return { kind: "good", sign: "✓", text: t("succeeded") };
  return { kind: "bad", sign: "✗", text: t("failed {code}", { code: invocation.status }) };
}

export function Status({ invocation }) {
  const { kind, sign, text } = statusOf(invocation);
  return html`<span class=${`status ${kind}`}><span aria-hidden="true">${sign} </span>${text}</span>`;
}
