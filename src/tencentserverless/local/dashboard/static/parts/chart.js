// A chart by uPlot, which is loaded when the first chart is shown: no other page waits for it.
import { html, useEffect, useRef } from "../core/html.js";
import { time } from "../core/format.js";
import { t } from "../core/language.js";

const HEIGHT = 180;
let loading = null;

function loadPlot() {
  loading ??= new Promise((resolve, reject) => {
    const style = document.createElement("link");
    style.rel = "stylesheet";
    style.href = new URL("../vendor/uplot.min.css", import.meta.url);
    const script = document.createElement("script");
    script.src = new URL("../vendor/uplot.min.js", import.meta.url);
    script.onload = () => resolve(window.uPlot);
    script.onerror = reject;
    document.head.append(style, script);
  });
  return loading;
}

// The colours of the page, dark or light, which a canvas does not inherit.
function colours(element) {
  const style = getComputedStyle(element);
  const read = (name) => style.getPropertyValue(name).trim();
  return { axis: read("--quiet"), grid: read("--line"), lines: [read("--accent"), read("--bad")] };
}

function optionsOf(element, series) {
  const { axis, grid, lines } = colours(element);
  const axes = { stroke: axis, grid: { stroke: grid }, ticks: { stroke: grid } };
  return {
    width: element.clientWidth,
    height: HEIGHT,
    series: [
      { label: t("Time"), value: (_, at) => time(at) },
      ...series.map((label, at) => ({ label, stroke: lines[at], width: 2, points: { show: true, size: 4 } })),
    ],
    axes: [
      { ...axes, values: (_, ticks) => ticks.map(time), space: 90 },
      { ...axes, size: 60 },
    ],
    cursor: { drag: { x: false, y: false } },
  };
}

// series: names of lines; points: [times, values of the first line, values of the second, ...].
export function Chart({ label, series, points }) {
  const place = useRef(null);
  const plot = useRef(null);
  useEffect(() => {
    let isShown = true;
    loadPlot().then((UPlot) => {
      if (!isShown) return;
      plot.current = new UPlot(optionsOf(place.current, series), points, place.current);
    });
    const follow = () => plot.current?.setSize({ width: place.current.clientWidth, height: HEIGHT });
    addEventListener("resize", follow);
    return () => {
      isShown = false;
      removeEventListener("resize", follow);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [series.join()]);
  useEffect(() => plot.current?.setData(points), [points]);
  return html`<div class="chart" role="img" aria-label=${label} ref=${place}></div>`;
}
