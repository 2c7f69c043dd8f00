// The list of invocations, newest first: pages of the server below, changes as they come on top. It has no part in how
// they are shown.
import { read } from "./api.js";

export const MOST_ROWS = 10000;

export const keyOf = (row) => `${row.request_id}/${row.attempt}`;

const fitsStatus = (row, status) =>
  ({ "": true, running: row.status === null, ok: row.status === 0, failed: Boolean(row.status) })[status] ??
  String(row.status) === status;

const fitsPlace = (row, filter) =>
  ["region", "namespace", "function", "origin"].every((name) => !filter[name] || filter[name] === row[name]);

export class InvocationList {
  // filter: as the query of GET invocations.
  constructor(filter) {
    this.filter = filter;
    this.rows = [];
    this.next = null;
    this.hasGap = false; // rows between those that are here were left out
  }

  // Only the server can tell where a text is found, so such a list is asked for anew.
  get canFollow() {
    return !this.filter.text && !this.filter.until;
  }

  // Read the newest page. If it reaches the rows that are known, it is put on top of them; else it replaces them.
  async refresh() {
    const page = await read("invocations", this.filter);
    const known = new Set(this.rows.map(keyOf));
    const isJoined = !this.hasGap && page.items.some((row) => known.has(keyOf(row)));
    this.hasGap = false;
    if (!isJoined) {
      this.rows = page.items;
      this.next = page.next;
    } else {
      this.put(page.items);
    }
  }

  // Read the next older page.
  async more() {
    if (this.next === null || this.rows.length >= MOST_ROWS) return;
    const page = await read("invocations", { ...this.filter, cursor: this.next });
    const known = new Set(this.rows.map(keyOf));
    const older = page.items.filter((row) => !known.has(keyOf(row)));
    this.rows = [...this.rows, ...older].slice(0, MOST_ROWS);
    this.next = this.rows.length >= MOST_ROWS ? null : page.next;
  }

  // Take over changes. A run that has ended replaces its row, also where it no longer fits: a filter for running
  // invocations then has one less.
  put(changes) {
    const newest = new Map(changes.map((row) => [keyOf(row), row]));
    const kept = this.rows.map((row) => take(newest, keyOf(row)) ?? row).filter((row) => this.fits(row));
    const added = [...newest.values()].filter((row) => this.fits(row));
    added.sort((one, other) => other.started_at - one.started_at);
    this.rows = merge(added, kept).slice(0, MOST_ROWS);
  }

  fits(row) {
    const { status = "", since = null } = this.filter;
    return fitsStatus(row, status) && fitsPlace(row, this.filter) && (!since || row.started_at >= since);
  }
}

function take(map, key) {
  const value = map.get(key);
  map.delete(key);
  return value;
}

// Both lists are newest first; nearly always all that is added is newer than all that is there.
function merge(added, kept) {
  const merged = [];
  let at = 0;
  for (const row of added) {
    while (at < kept.length && kept[at].started_at > row.started_at) merged.push(kept[at++]);
    merged.push(row);
  }
  return at === 0 ? [...merged, ...kept] : [...merged, ...kept.slice(at)];
}
