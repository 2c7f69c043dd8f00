// A refusal in the reader's language. The server's words say more, and are English: they stand behind the translated
// ones.
import { language, t } from "./language.js";

const TEXTS = () => ({
  not_signed_in: t("This browser is not signed in."),
  origin: t("The request did not come from this page's own address."),
  csrf: t("The token of this page is too old: load the page anew."),
  host: t("This address is not one of the server."),
  not_found: t("There is no such thing on this server."),
  parameter: t("A value is not right."),
  action: t("This can't be done here."),
  too_large: t("This is too large."),
  internal: t("The server failed inside; its terminal shows how."),
  unreachable: t("The server does not answer."),
});

export function explain(error) {
  if (language() === "en") return error.message;
  const known = TEXTS()[error.code];
  if (!known) return error.message;
  return known === error.message ? known : `${known} ${error.message}`;
}
