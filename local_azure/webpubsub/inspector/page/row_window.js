// Which rows of a long list have elements, and how far the list is scrolled. All rows have one height; pixels.

const SPARE_ROWS = 8; // above and below what is in view

// Returns the range of rows to draw, { start, end } without the end.
export function rowsToDraw({ scrollTop, viewHeight, rowHeight, count }) {
  const first = Math.floor(scrollTop / rowHeight);
  const last = Math.ceil((scrollTop + viewHeight) / rowHeight);
  return {
    start: Math.min(Math.max(0, first - SPARE_ROWS), count),
    end: Math.min(count, Math.max(0, last) + SPARE_ROWS),
  };
}

// Returns how far to scroll so that a row is wholly in view: as little as possible.
export function scrollToRow(index, { scrollTop, viewHeight, rowHeight }) {
  const top = index * rowHeight;
  const bottom = top + rowHeight;
  if (top < scrollTop) {
    return top;
  }
  return bottom > scrollTop + viewHeight ? bottom - viewHeight : scrollTop;
}

export function isAtEnd({ scrollTop, viewHeight, rowHeight, count }) {
  return scrollTop + viewHeight > count * rowHeight - rowHeight;
}
