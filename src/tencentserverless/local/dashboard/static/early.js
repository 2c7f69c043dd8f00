// Asks for the functions while the browser still reads the script of the pages, if the first page is the overview.
if (/^#?\/?$/.test(location.hash)) {
  globalThis.earlyOverview = fetch("/_local/api/overview", { credentials: "same-origin", cache: "no-store" });
  globalThis.earlyOverview.catch(() => undefined); // who reads it is told
}
