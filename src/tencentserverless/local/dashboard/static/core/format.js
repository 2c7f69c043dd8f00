// Numbers, times and sizes as a reader wants them. A missing value is a dash.
import { locale, t } from "./language.js";

export const DASH = "–";
const KIB = 1024;

const isMissing = (value) => value === null || value === undefined;

// To make the first of these takes a browser longer than to draw a page of rows: what both languages write in the same
// way is written without them.
const formats = new Map();

function formatOf(Kind, options) {
  const key = `${Kind.name} ${locale()} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Kind(locale(), options));
  return formats.get(key);
}

const DAY_AND_CLOCK = {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hourCycle: "h23",
};

export function number(value) {
  if (isMissing(value)) return DASH;
  const isPlain = Number.isInteger(value) && Math.abs(value) < 1000;
  return isPlain ? String(value) : formatOf(Intl.NumberFormat, {}).format(value);
}

const twoDigits = (value) => String(value).padStart(2, "0");

// A time of day; with the date, if it is another day's.
export function time(seconds) {
  if (isMissing(seconds)) return DASH;
  const when = new Date(seconds * 1000);
  const isToday = when.toDateString() === new Date().toDateString();
  if (!isToday) return formatOf(Intl.DateTimeFormat, DAY_AND_CLOCK).format(when);
  return [when.getHours(), when.getMinutes(), when.getSeconds()].map(twoDigits).join(":");
}

export const exactTime = (seconds) => (isMissing(seconds) ? DASH : new Date(seconds * 1000).toISOString());

// How long until, or since, a time.
export function distance(seconds, now = Date.now() / 1000) {
  if (isMissing(seconds)) return DASH;
  const units = [
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
    ["second", 1],
  ];
  const left = seconds - now;
  const [unit, size] = units.find(([, each]) => Math.abs(left) >= each) ?? units[3];
  return formatOf(Intl.RelativeTimeFormat, { numeric: "auto" }).format(Math.trunc(left / size), unit);
}

export function duration(ms) {
  if (isMissing(ms)) return DASH;
  if (ms < 1000) return `${ms.toFixed(ms < 1 ? 2 : ms < 10 ? 1 : 0)} ms`;
  return ms < 60000
    ? `${(ms / 1000).toFixed(2)} s`
    : `${Math.floor(ms / 60000)} min ${Math.round((ms % 60000) / 1000)} s`;
}

export function size(bytes) {
  if (isMissing(bytes)) return DASH;
  if (bytes < KIB) return t("{count} bytes", { count: number(bytes) });
  return bytes < KIB * KIB ? `${(bytes / KIB).toFixed(1)} KB` : `${(bytes / KIB / KIB).toFixed(1)} MB`;
}

// The text of a JSON value, with indents; any other text as it is.
export function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

// Of a traceback, the line that says what is wrong.
export const lastLine = (text) => text.trimEnd().split("\n").at(-1);

// Characters that a terminal or a browser would obey, not show, become their codes: control characters, and marks that
// turn the direction of writing.
export function visible(text) {
  return text
    .replace(/\r\n/g, "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (each) => `\\x${hex(each, 2)}`)
    .replace(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (each) => `\\u${hex(each, 4)}`);
}

const hex = (character, digits) => character.charCodeAt(0).toString(16).padStart(digits, "0");
