// The chat of one person: what happens to each frame, each key and each click. State here, drawing from it.
import { composer } from "./composer.js";
import { connect } from "./connection.js";
import { fill } from "./el.js";
import { paint } from "./line.js";
import { ordered, position } from "./lines.js";
import { log } from "./log.js";
import { names } from "./names.js";
import { outbox } from "./outbox.js";
import { expectGap, newRoom, receive } from "./room.js";
import { rows } from "./rows.js";
import { sidebar } from "./sidebar.js";
import { status } from "./status.js";

const WINDOW = 120; // lines drawn at first; more as one scrolls up

export function chat({ auth, lobby, limits, signIn, signOut }, me, negotiate) {
  const $ = (id) => document.getElementById(id);
  const rooms = new Map();
  const unsent = outbox(localStorage, me);
  let room, link, others = [], drawing, quiet, settling;

  // --- rooms

  function roomOf(name) {
    if (!rooms.has(name)) rooms.set(name, newRoom(name, localStorage.getItem(`chat.read.${name}`) ?? ""));
    return rooms.get(name);
  }

  function go(name) {
    location.hash = name.trim().replace(/^#/, "").toLowerCase().replace(/\s+/g, "-");
  }

  function forget(name) {
    rooms.delete(name);
    if (room.name === name) go(lobby);
    remember();
  }

  const remember = () => localStorage.setItem("chat.rooms", JSON.stringify([...rooms.keys()]));

  function enter() {
    const name = location.hash.slice(1) || lobby;
    const known = rooms.has(name);
    room = roomOf(name);
    remember();
    room.from = "";
    mark();
    writing.open(name);
    $("rooms").hidePopover();
    if (!known && link.name === "live") join(room);
    settling = quiet = true;
    draw();
  }

  async function join(target) {
    expectGap(target, Date.now());
    await send("join", {}, target);
    if (!target.joined && target.name !== lobby) return forget(target.name); // the server has said why
    target.joined = true;
    if (target.catchUp) setTimeout(async () => {
      await send("history", {}, target); // what was signalled late is there by now
      target.catchUp = null;
    }, 3000);
  }

  // --- the wire

  const send = (event, data, target = room) =>
    connection.send(event, { room: target.name, ...data }).catch(({ message }) => {
      if (message !== "lost") say(target, message);
      else if (data.id) say(target, "Not connected: that did not happen.");
    });

  function say(target, message, event = "error") {
    receive(target, { type: "system", event, message }, Date.now());
    soon();
  }

  const connection = connect({
    negotiate,
    onState(state) {
      link = state;
      soon();
    },
    onFresh() {
      for (const one of new Set([room, ...rooms.values()])) join(one);
      for (const entry of unsent.all()) if (entry.state !== "failed") post(entry);
    },
    onMessage(frame) {
      const { type, event, clientId, from } = frame;
      const target = rooms.get(frame.room ?? room.name);
      if (event === "error" && fail(clientId, frame.message)) return;
      if (event === "error") return say(target?.joined ? target : rooms.get(lobby), frame.message);
      if (!target || type === "left") return;
      const first = type === "joined" && target === room && !target.lines.size;
      for (const line of frame.messages ?? [frame]) if (line.from === me) unsent.drop(line.clientId);
      const before = receive(target, frame, Date.now());
      if (before) send("history", { before }, target);
      if (type === "typing") setTimeout(soon, 6100);
      if (frame.messages && target === room) quiet = true;
      if (first) mark(), (settling = true);
      soon();
    },
  });

  async function post(entry) {
    unsent.put({ ...entry, state: "pending" });
    soon();
    const { clientId, message, replyTo } = entry;
    try {
      await connection.send("message", { room: entry.room, clientId, message, replyTo });
      if (/^\/[^/]/.test(message)) unsent.drop(clientId); // a command is no line of its own
      else if (unsent.get(clientId)?.state === "pending") unsent.put({ ...entry, state: "sent" });
    } catch (error) {
      if (error.message !== "lost") fail(clientId, error.message);
    }
    soon();
  }

  function fail(clientId, error) {
    const entry = unsent.get(clientId);
    if (entry) unsent.put({ ...entry, state: "failed", error });
    soon();
    return entry;
  }

  // --- what was read

  const fresh = (target) => ordered(target.lines.values())
    .filter((line) => line.from && line.from !== me && position(line) > target.read).length;

  function mark() {
    room.unread = room.read && fresh(room) ? room.read : "";
  }

  function look(lines) {
    const last = lines.findLast((line) => line.from);
    if (document.hidden || !paper.following || !room.joined || !last || room.read === position(last)) return;
    room.read = position(last);
    localStorage.setItem(`chat.read.${room.name}`, room.read);
  }

  // --- drawing

  function soon() {
    drawing ??= document.hidden ? setTimeout(draw, 50) : requestAnimationFrame(draw);
  }

  function draw() {
    drawing = undefined;
    const lines = ordered(room.lines.values());
    if (paper.following || !room.from) room.from = lines.length > WINDOW ? position(lines.at(-WINDOW)) : " ";
    if (!paper.following && !room.unread) mark();
    const shown = lines.filter((line) => position(line) >= room.from);
    for (const entry of unsent.all(room.name)) {
      shown.push({ ...entry, id: entry.clientId, from: me, sentAt: new Date(entry.at).toISOString() });
    }
    paper.draw(rows(shown, me, room.unread), quiet);
    if (settling) paper.settle();
    quiet = settling = false;
    look(lines);
    const now = Date.now(), count = paper.following ? 0 : fresh(room);
    const typing = [...room.typing].filter(([user, until]) => until > now && user !== me).map(([user]) => user);
    const mine = [...rooms.values()].map((one) => ({ room: one.name, current: one === room, what: "unread", count: fresh(one) }));
    const total = mine.reduce((sum, one) => sum + one.count, 0);
    document.title = `${total ? `(${total}) ` : ""}${room.name} · Chat`;
    fill($("title"), room.name);
    fill($("pill"), count && `${count} new message${count > 1 ? "s" : ""}`);
    fill($("typing"), typing.length ? `${names(typing)} ${typing.length > 1 ? "are" : "is"} typing…` : " ");
    $("empty").hidden = shown.some((line) => line.from);
    sidebar({
      mine, me, count: room.count,
      others: others.filter((one) => !rooms.has(one.room)).map((one) => ({ ...one, what: "people" })),
      people: [...new Set([me, ...[...room.people].sort()])],
    });
    tell();
  }

  function tell() {
    const { tone, text, wait, action } = status(link, auth, Date.now(), navigator.onLine);
    $("status").dataset.tone = tone;
    fill($("said"), text);
    fill($("wait"), wait && `Next try in ${wait} s`);
    $("retry").hidden = action !== "retry";
    $("again").hidden = action !== "sign-in";
  }

  // Older lines: drawn from what is known, then asked for.
  async function older(nearTop) {
    soon();
    if (!nearTop) return;
    const lines = ordered(room.lines.values());
    const start = lines.findIndex((line) => position(line) >= room.from);
    if (start > 0) {
      room.from = position(lines[Math.max(0, start - WINDOW)]);
      quiet = true;
    } else if (room.before && !room.loading && link.name === "live") {
      room.loading = true;
      await send("history", { before: room.before });
      room.loading = false;
      room.from = " ";
    }
  }

  // --- what people do

  const edit = (line) => writing.begin({ edit: line });
  const acts = {
    react: ({ line: { id, reactions } }, { value: emoji }) => send("react", { id, emoji, on: !reactions?.[emoji]?.includes(me) }),
    reply: ({ line }) => writing.begin({ reply: line }),
    edit: ({ line }) => edit(line),
    delete: ({ line }, button) => button.classList.toggle("sure") || send("delete", { id: line.id }),
    retry: ({ line }) => post(unsent.get(line.clientId)),
    discard: ({ line }) => (unsent.drop(line.clientId), soon()),
    show: ({ line }) => paper.show(line.replyTo.id),
    end: () => paper.toEnd(),
    connect: () => connection.retry(),
    async invite() {
      await navigator.clipboard.writeText(new URL(`#${room.name}`, location));
      say(room, "The link to this room is in your clipboard.", "notice");
    },
    out() {
      sessionStorage.removeItem("chat.user");
      location.href = signOut ?? location.pathname;
    },
  };

  const writing = composer($("composer"), {
    maxBytes: limits.messageBytes,
    onTyping: () => link.name === "live" && send("typing", {}),
    onSend(message, task) {
      const [command, name] = message.split(/\s+/);
      if (command === "/join" && name) return go(name);
      if (command === "/leave" && room.name !== lobby) return send("leave", {}), forget(room.name);
      if (task?.edit) return send("edit", { id: task.edit.id, message });
      const { id, from, message: text } = task?.reply ?? {};
      const replyTo = id && { id, from, message: text.split("\n")[0].slice(0, 120) };
      room.unread = "";
      paper.toEnd();
      post({ clientId: crypto.randomUUID(), room: room.name, message, replyTo, at: Date.now() });
    },
    onLast() {
      const line = ordered(room.lines.values()).findLast(({ from, deletedAt }) => from === me && !deletedAt);
      if (line) edit(line);
      return line;
    },
  });

  const paper = log($("log"), {
    paint: (row, node) => paint(row, node, me),
    onScroll: older,
    onLend({ line, mine }, buttons) {
      for (const button of buttons) {
        button.classList.remove("sure");
        button.hidden = !mine && (button.dataset.do === "edit" || (button.dataset.do === "delete" && !room.admin));
      }
      return !line.deletedAt && !line.state;
    },
  });

  addEventListener("click", ({ target }) => {
    const button = target.closest("[data-do]");
    if (button) acts[button.dataset.do](button.closest(".line")?.row, button);
  });
  addEventListener("hashchange", enter);
  addEventListener("pagehide", connection.close);
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) room.unread = "";
    else mark(), (settling = !!room.unread), draw();
  });
  $("room-form").addEventListener("submit", (event) => {
    event.preventDefault();
    go(event.target.elements.room.value);
    event.target.reset();
  });

  const discover = async () => {
    others = await fetch("rooms").then((answer) => answer.json()).then((found) => found.rooms ?? [], () => []);
    soon();
  };
  setInterval(() => document.hidden || discover(), 30_000);
  setInterval(tell, 500);
  discover();
  for (const name of [lobby, ...JSON.parse(localStorage.getItem("chat.rooms") ?? "[]")]) roomOf(name);
  $("me").textContent = me;
  $("again").href = signIn ?? "";
  $("chat").hidden = false;
  enter();
}
