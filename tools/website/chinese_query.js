// The words of a query. Chinese has no spaces: of each run of characters, the longest words that the index knows.
const LONGEST_WORD = 8;
const isIndexed = (word) =>
  Boolean(Search._index) && [Search._index.terms, Search._index.titleterms].some((terms) => Object.hasOwn(terms, word));
const cutRun = (run) => {
  const words = [];
  let place = 0;
  while (place < run.length) {
    let length = Math.min(LONGEST_WORD, run.length - place);
    while (length > 1 && !isIndexed(run.slice(place, place + length))) length -= 1;
    if (length > 1) words.push(run.slice(place, place + length));
    place += length;
  }
  return words.length ? words : [run];
};
var splitQuery = (query) =>
  query
    .split(/[^\p{Letter}\p{Number}_]+/gu)
    .filter(Boolean)
    .flatMap((term) => term.match(/\p{Script=Han}+|[^\p{Script=Han}]+/gu))
    .flatMap((run) => (/\p{Script=Han}/u.test(run) ? cutRun(run) : [run]));
