// The place of a small window beside what opened it.

const GAP_PX = 6;

/** Puts an open popover above the element, or below it where it does not fit; always within the window. */
export function placeBeside(popover, element) {
  const place = element.getBoundingClientRect();
  const { width, height } = popover.getBoundingClientRect();
  const within = (start, size, whole) => Math.max(GAP_PX, Math.min(start, whole - size - GAP_PX));
  const above = place.top - GAP_PX - height;
  popover.style.left = `${within(place.left, width, innerWidth)}px`;
  popover.style.top = `${within(above >= GAP_PX ? above : place.bottom + GAP_PX, height, innerHeight)}px`;
}
