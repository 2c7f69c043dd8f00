// A line of a few numbers, small enough to have one for each of a thousand functions.
import { html } from "../core/html.js";

const WIDTH = 96;
const HEIGHT = 20;

function pathOf(values, most) {
  const step = WIDTH / Math.max(1, values.length - 1);
  const points = values.map(
    (value, at) => `${(at * step).toFixed(1)},${(HEIGHT - 1 - (value / most) * (HEIGHT - 2)).toFixed(1)}`,
  );
  return `M${points.join("L")}`;
}

export function Sparkline({ values, label }) {
  if (!values?.some((value) => value > 0)) return html`<span class="quiet">–</span>`;
  return html`<svg class="sparkline" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label=${label}>
    <path d=${pathOf(
      values.map((value) => value ?? 0),
      Math.max(...values),
    )} />
  </svg>`;
}
