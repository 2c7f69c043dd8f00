// The request and the answer of a web function's invocation.
import { number, size } from "../core/format.js";
import { html } from "../core/html.js";
import { t } from "../core/language.js";
import { Facts } from "./table.js";

const STREAMS = () => ({ sse: t("server-sent events"), chunked: t("a stream"), websocket: "WebSocket" });

export const streamName = (stream) => STREAMS()[stream] ?? stream;

const Headers = ({ label, headers }) => html`<details><summary>${label} (${number(headers.length)})</summary>
  <${Facts} pairs=${headers} /></details>`;

export function WebFacts({ web }) {
  if (!web) return null;
  return html`<section class="block" aria-label=${t("Web request")}>
    <header><h2>${t("Web request")}</h2></header>
    <${Facts} pairs=${[
      [t("Request"), html`<code>${web.method} ${web.url}</code>`],
      [t("HTTP status"), web.status],
      [t("Stream"), streamName(web.stream)],
      [t("Body of the request"), size(web.request_bytes)],
      [t("Body of the answer"), size(web.response_bytes)],
    ]} />
    <${Headers} label=${t("Headers of the request")} headers=${web.request_headers} />
    <${Headers} label=${t("Headers of the answer")} headers=${web.response_headers} />
  </section>`;
}
