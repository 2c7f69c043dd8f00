// A table of any length, of which only the rows in sight are in the page. All rows have one height, so the place of
// each is known without measuring it. New rows on top do not move what a person looks at.
import { Component, html, useEffect, useLayoutEffect, useRef, useState } from "../core/html.js";

export const ROW_PX = 36;
const SPARE_ROWS = 12;
const FIRST_VIEW_PX = 900;

// columns: [{title, cell: (item) => content, isNumber, isWide: left out on a narrow screen}]; a cell shows its item and
// nothing else. kind names the widths of the columns in the stylesheet. {heading: text} as an item takes the whole
// width.
export function VirtualList({ label, kind, columns, items, keyOf, selected, onSelect, onEnd }) {
  const box = useRef(null);
  const anchor = useRef({ key: null, top: 0 });
  const [view, setView] = useState({ top: 0, height: FIRST_VIEW_PX });
  useLayoutEffect(() => keepPlace(box.current, anchor.current, items, keyOf), [items]);
  useEffect(() => scrollTo(box.current, selected, items, keyOf), [selected]);
  const look = () => {
    const { scrollTop: top, clientHeight: height } = box.current;
    const at = Math.floor(top / ROW_PX);
    anchor.current = { key: top > 0 && at < items.length ? keyOf(items[at]) : null, top: top - at * ROW_PX };
    if (top !== view.top || height !== view.height) setView({ top, height });
  };
  useEffect(look);
  useEffect(() => {
    addEventListener("resize", look);
    return () => removeEventListener("resize", look);
  });
  const first = Math.max(0, Math.floor(view.top / ROW_PX) - SPARE_ROWS);
  const end = Math.min(items.length, Math.ceil((view.top + view.height) / ROW_PX) + SPARE_ROWS);
  const isNearEnd = items.length - end < 2 * SPARE_ROWS;
  useEffect(() => void (isNearEnd && onEnd?.()), [isNearEnd, items.length]);
  return html`<div class=${`list ${kind}`} tabindex="0" role="region" aria-label=${label} ref=${box} onScroll=${look}>
    <div role="table" aria-label=${label} aria-rowcount=${items.length + 1}>
      <div role="rowgroup" class="head"><${Head} columns=${columns} /></div>
      <div role="rowgroup" class="body" style=${{ height: `${items.length * ROW_PX}px` }}>
        ${items.slice(first, end).map(
          (item, at) => html`<${Row} key=${keyOf(item)} item=${item} at=${first + at} columns=${columns}
          isSelected=${keyOf(item) === selected} onSelect=${() => onSelect?.(keyOf(item))} />`,
        )}
      </div>
    </div>
  </div>`;
}

const cellClass = ({ isNumber, isWide }) => `${isNumber ? "number " : ""}${isWide ? "wide" : ""}`;

const Head = ({ columns }) => html`<div role="row" aria-rowindex="1" class="line">
  ${columns.map((column) => html`<span role="columnheader" class=${cellClass(column)}>${column.title}</span>`)}
</div>`;

// A row in sight is drawn once, not at each step of the scroll.
class Row extends Component {
  shouldComponentUpdate({ item, at, isSelected }) {
    const { item: shown, at: place, isSelected: wasSelected } = this.props;
    return item !== shown || at !== place || isSelected !== wasSelected;
  }

  render(props) {
    return line(props);
  }
}

function line({ item, at, columns, isSelected, onSelect }) {
  const place = { transform: `translateY(${at * ROW_PX}px)` };
  if (item.heading) {
    return html`<div role="row" aria-rowindex=${at + 2} class="line heading" style=${place}>
      <span role="cell" aria-colspan=${columns.length}>${item.heading}</span>
    </div>`;
  }
  return html`<div role="row" aria-rowindex=${at + 2} aria-current=${isSelected ? "true" : null} class="line"
    style=${place} onClick=${onSelect}>
    ${columns.map((column) => html`<span role="cell" class=${cellClass(column)}>${column.cell(item)}</span>`)}
  </div>`;
}

// After a change of the items: the row that was on top before is there again.
function keepPlace(box, anchor, items, keyOf) {
  if (anchor.key === null) return;
  const at = items.findIndex((item) => keyOf(item) === anchor.key);
  if (at >= 0) box.scrollTop = at * ROW_PX + anchor.top;
}

// Bring the selected row into sight, below the head of the table.
function scrollTo(box, selected, items, keyOf) {
  const at = selected ? items.findIndex((item) => keyOf(item) === selected) : -1;
  if (at < 0) return;
  const top = at * ROW_PX;
  const bottom = top + 2 * ROW_PX;
  if (top < box.scrollTop) box.scrollTop = top;
  else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
}

// The key of the item that is some steps from the selected one, for j and k.
export function step(items, keyOf, selected, steps) {
  const rows = items.filter((item) => !item.heading);
  const at = rows.findIndex((item) => keyOf(item) === selected);
  const to = at < 0 ? 0 : Math.min(rows.length - 1, Math.max(0, at + steps));
  return rows.length ? keyOf(rows[to]) : null;
}
