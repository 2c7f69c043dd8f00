// The scores of the search: those of Sphinx, and a page whose own title has the query comes before pages that have it
// in a heading or in their text.
const TITLE_HAS_QUERY = 20;
const readQuery = () => (new URLSearchParams(window.location.search).get("q") ?? "").trim().toLowerCase();
var Scorer = {
  score: ([, title, , , score]) =>
    readQuery() && title.toLowerCase().includes(readQuery()) ? score + TITLE_HAS_QUERY : score,
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
