// The chat in a frame of another site: what the page around it is told, and what it may ask for. static/embed.js is the other
// side. Only sites that the operator has named can frame this page (`frame-ancestors`); what is sent is addressed to the
// origin that the element named, so no other page receives it.
import { isOwn } from "../client/log.js";
import { countUnread } from "../client/unread.js";

const PROTOCOL = 1; // as static/embed.js has it
const THEMES = ["", "light", "dark"];

/** Returns what keeps the page around the frame up to date: `update`, called after every rendering, and `isSeen`. */
export function createEmbedding(chat) {
  const host = readHost(new URLSearchParams(location.search).get("host"));
  let isInView = false;
  let told = { room: "", head: 0, count: -1 };

  function post(type, detail) {
    if (host && parent !== window) parent.postMessage({ chatRoom: PROTOCOL, type, detail }, host);
  }

  // The texts stay here: the page around learns that something was said, and by whom.
  function tellMessages(room) {
    const isNew = ({ seq = 0, from }) => from && seq > told.head;
    for (const entry of chat.shownEntries().filter(isNew)) {
      const { id, from, seq, sentAt } = entry;
      post("message", { room: room.name, id, seq, from, sentAt, isOwn: isOwn(entry, chat.me) });
    }
  }

  function update() {
    const { room } = chat;
    if (room.membership !== "joined") return;
    if (room.name !== told.room) {
      told = { room: room.name, head: room.head, count: -1 };
      post("ready", { room: room.name });
    }
    if (room.head > told.head) tellMessages(room);
    const count = countUnread(room);
    if (count !== told.count) post("unread", { room: room.name, count });
    told = { room: room.name, head: room.head, count };
  }

  addEventListener("message", ({ source, origin, data }) => {
    if (source !== parent || origin !== host || data?.chatRoom !== PROTOCOL || data.type !== "theme") return;
    if (THEMES.includes(data.theme)) document.documentElement.style.colorScheme = data.theme;
  });
  // Also counts what the page around has scrolled away.
  new IntersectionObserver(([{ isIntersecting }]) => {
    isInView = isIntersecting;
    chat.options.onChange();
  }).observe(document.body);

  return {
    update,

    /** Returns whether a person can see the frame. */
    isSeen: () => isInView && !document.hidden,
  };
}

/** Returns the origin that a text is, or null: anything else would reach any page, or none. */
function readHost(text) {
  return text && URL.canParse(text) && new URL(text).origin === text ? text : null;
}
