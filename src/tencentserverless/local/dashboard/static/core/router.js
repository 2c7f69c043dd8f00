// The page is named behind the # of the address: #/functions/REGION/NAMESPACE/NAME?tab=versions. The server has no part
// in it, so a page can be kept as a bookmark, and the back button works.
import { useEffect, useState } from "./html.js";

export function readRoute(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?");
  return { segments: path.split("/").filter(Boolean).map(decode), query: new URLSearchParams(query) };
}

// A part of an address that a person has typed may have a lone percent sign.
function decode(segment) {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

export function linkTo(segments, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined);
  const tail = given.length ? `?${new URLSearchParams(given)}` : "";
  return `#/${segments.map(encodeURIComponent).join("/")}${tail}`;
}

// Rows of functions, invocations, events and timers all name their function in these three fields.
const placeOf = (row) => [row.region, row.namespace, row.function];

export const linkToFunction = (row, query) => linkTo(["functions", ...placeOf(row)], query);
export const linkToInvocation = (row, attempt) => linkTo(["invocations", ...placeOf(row), row.request_id], { attempt });

export function go(address) {
  location.hash = address;
}

// Change what the address says of the page that is shown. It may be asked late, when the typing in a field rests: a
// page that was left by then says nothing more.
export function refine(address) {
  if (`${readRoute().segments}` !== `${readRoute(address).segments}`) return;
  history.replaceState(null, "", address);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

export function useRoute() {
  const [route, setRoute] = useState(readRoute());
  useEffect(() => {
    const follow = () => setRoute(readRoute());
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}
