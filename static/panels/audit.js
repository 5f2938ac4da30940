// What moderators did in the room, the newest first.
import { formatAct } from "../view/acts.js";
import { createElement } from "../view/dom.js";
import { createBackButton, createOutcome, createSection, formatMoment, perform, renderItems } from "./controls.js";
import { createRoomPanel, followRoom } from "./room-panel.js";

/** Returns the panel. */
export function createPanel(page) {
  return createRoomPanel(page, "What moderators did", (room) => buildAudit(page, room));
}

function buildAudit({ chat }, room) {
  const outcome = createOutcome();
  const list = createElement("ol", { className: "acts" });
  const older = createElement("button", { hidden: true }, "Older");
  const section = createSection("Newest first", list, older, outcome.element);
  const acts = new Map(); // by number
  let before = null;

  const following = followRoom(
    chat,
    room,
    () => ["audit"],
    ({ audit }) => {
      const isFirst = !acts.size;
      add(audit.acts);
      if (isFirst) showCursor(audit.before);
      if (!acts.size && before === null) outcome.say("Nothing yet.");
    },
  );

  function add(found) {
    for (const act of found) acts.set(act.seq, act);
    const items = [...acts.values()].sort((a, b) => b.seq - a.seq);
    renderItems(list, items, ({ seq }) => String(seq), build);
  }

  function showCursor(cursor) {
    before = cursor;
    older.hidden = before === null;
  }

  function build(act) {
    const words = formatAct(act, (user) => chat.nameOf(user)) || act.act;
    const reason = act.reason ? createElement("q", { dir: "auto" }, act.reason) : "";
    const when = createElement("time", { dateTime: act.at }, formatMoment(act.at));
    return [createElement("p", { dir: "auto" }, words), reason, when];
  }

  older.addEventListener("click", () => {
    perform(older, outcome, async () => {
      const page = await chat.request("audit", { room: room.name, before });
      add(page.acts);
      showCursor(page.before);
    });
  });

  return { elements: [createBackButton(), following.element, section], update: following.check, stop: following.stop };
}
