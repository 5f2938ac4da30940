// The side columns as drawers over the room: they close by a button, by Escape, and by a swipe that they follow.
import { byId } from "./dom.js";

const START_PX = 8; // less is no swipe
const CLOSE_SHARE = 0.3; // of the drawer's width
const CLOSE_PX_PER_MS = 0.5;

/** Makes drawers of the lists and of the panel. */
export function createDrawers(panels) {
  const rooms = byId("rooms");
  const people = byId("people");
  closeOnSwipe(rooms, -1, () => rooms.hidePopover());
  closeOnSwipe(people, 1, () => people.hidePopover());
  closeOnSwipe(byId("panel"), 1, panels.close);
}

/**
 * Closes a drawer that is swiped out.
 * @param {HTMLElement} drawer
 * @param {1 | -1} direction to the right or to the left
 * @param {() => void} close
 */
function closeOnSwipe(drawer, direction, close) {
  let start; // { x, y, time } of the finger
  let distance = 0;

  function reset() {
    start = undefined;
    distance = 0;
    drawer.style.translate = "";
  }

  drawer.addEventListener("pointerdown", ({ pointerType, isPrimary, clientX: x, clientY: y, timeStamp: time }) => {
    const isDrawer = getComputedStyle(drawer).position === "fixed";
    if (isDrawer && isPrimary && pointerType === "touch") start = { x, y, time };
  });
  drawer.addEventListener("pointermove", ({ clientX, clientY }) => {
    if (!start) return;
    const moved = (clientX - start.x) * direction;
    if (!distance && (moved < START_PX || moved < Math.abs(clientY - start.y))) return;
    distance = Math.max(0, moved);
    drawer.style.translate = `${distance * direction}px`;
  });
  drawer.addEventListener("pointerup", ({ timeStamp }) => {
    if (!start) return;
    const isFast = distance / (timeStamp - start.time) > CLOSE_PX_PER_MS;
    const isClosed = distance && (isFast || distance > drawer.offsetWidth * CLOSE_SHARE);
    reset();
    if (isClosed) close();
  });
  drawer.addEventListener("pointercancel", reset);
}
