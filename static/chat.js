// The chat of one person: what happens to each frame and each click. State in one place, drawing from it.
import { composer } from "./composer.js";
import { connect } from "./connection.js";
import { paint } from "./line.js";
import { ordered, position } from "./lines.js";
import { log } from "./log.js";
import { names } from "./names.js";
import { outbox } from "./outbox.js";
import { expectGap, newRoom, receive } from "./room.js";
import { rows } from "./rows.js";
import { sidebar } from "./sidebar.js";
import { status } from "./status.js";

const WINDOW = 120, RECHECK_MS = 3000;

export function chat(session, me) {
  const byId = (id) => document.getElementById(id);
  const rooms = new Map();
  const unsent = outbox(localStorage, me);
  let room, others = [], link = { name: "connecting" }, drawing, quiet;

  const myRooms = () => localStorage.setItem("chat.rooms", JSON.stringify([...rooms.keys()]));
  const roomOf = (name) => {
    if (!rooms.has(name)) {
      rooms.set(name, newRoom(name));
      rooms.get(name).read = localStorage.getItem(`chat.read.${name}`) ?? "";
    }
    return rooms.get(name);
  };
  const say = (target, message, event = "notice") => {
    receive(target, { type: "system", event, message }, Date.now());
    soon();
  };

  // --- the wire

  async function negotiate() {
    const answer = await fetch("negotiate", {
      method: "POST", cache: "no-store", headers: { "content-type": "application/json" },
      body: JSON.stringify(session.auth === "open" ? { id: me } : {}),
    });
    const body = await answer.json().catch(() => ({}));
    if (answer.ok) return body.url;
    throw Object.assign(new Error(), { status: answer.status, refused: body.error?.message });
  }

  const connection = connect({
    negotiate,
    onState: (state) => ((link = state), soon()),
    onFresh() {
      const [active, ...rest] = [room, ...[...rooms.values()].filter((other) => other !== room)];
      for (const one of [active, ...rest]) expectGap(one), join(one);
      for (const entry of unsent.all()) if (entry.state !== "failed") post(entry);
    },
    onMessage(frame) {
      const target = rooms.get(frame.room) ?? (frame.room ? null : room);
      if (!target) return;
      if (frame.event === "error") return refused(frame, target);
      if (frame.type === "left") return void rooms.delete(frame.room);
      if (frame.clientId && frame.from === me) unsent.drop(frame.clientId);
      for (const line of frame.messages ?? []) if (line.from === me) unsent.drop(line.clientId);
      const before = receive(target, frame, Date.now());
      if (before) ask(target, before);
      if (frame.type === "typing") setTimeout(soon, 6100);
      if (frame.messages && target === room) quiet = true;
      soon();
    },
  });

  const ask = (target, before) => connection.send("history", { room: target.name, before }).catch(() => {});

  async function join(target) {
    try {
      await connection.send("join", { room: target.name });
      if (target.catchUp) setTimeout(() => ask(target).then(() => (target.catchUp = null)), RECHECK_MS);
      if (target === room) look();
    } catch {}
  }

  function refused({ clientId, code, message }, target) {
    const entry = unsent.all().find((one) => one.clientId === clientId);
    if (entry) unsent.put({ ...entry, state: "failed", error: message });
    else say(target, message, "error");
    soon();
  }

  async function post(entry) {
    unsent.put({ ...entry, state: "pending" });
    soon();
    const { clientId, message, replyTo } = entry;
    try {
      await connection.send("message", { room: entry.room, message, clientId, replyTo });
      const now = unsent.all().find((one) => one.clientId === clientId);
      if (now?.state === "pending") message.startsWith("/") && !message.startsWith("//") ? unsent.drop(clientId) : unsent.put({ ...now, state: "sent" });
    } catch (error) {
      if (error.message !== "lost") refused({ clientId, message: error.message }, room);
    }
    soon();
  }

  const attempt = (event, data) =>
    connection.send(event, { room: room.name, ...data }).catch(({ message }) =>
      say(room, message === "lost" ? "Not connected: that did not happen." : message, "error"));

  // --- what people do

  const writing = composer(byId("composer"), {
    maxBytes: session.limits.messageBytes,
    onTyping: () => connection.send("typing", { room: room.name }, { acked: false }),
    onSend(message, task) {
      const [command, name] = message.split(/\s+/);
      if (command === "/join" && name) return go(name);
      if (command === "/leave") return leave();
      if (task?.edit) return attempt("edit", { id: task.edit.id, message });
      const { reply } = task ?? {};
      const replyTo = reply && { id: reply.id, from: reply.from, message: reply.message.split("\n")[0].slice(0, 120) };
      room.unread = "";
      post({ clientId: crypto.randomUUID(), room: room.name, message, replyTo, at: Date.now() });
      paper.toEnd();
    },
    onLast() {
      const mine = ordered(room.lines.values()).findLast((line) => line.from === me && !line.deletedAt);
      if (mine) writing.begin({ edit: mine });
    },
  });

  const paper = log(byId("log"), {
    paint: (row, node) => paint(row, node, me),
    onScroll({ following, nearTop }) {
      if (following) look();
      if (nearTop) older();
      else soon();
    },
    onAct(name, { line, mine }, button) {
      const acts = {
        offer() {
          const dead = line.deletedAt || line.state;
          for (const child of button.children) {
            child.hidden = /edit|delete/.test(child.dataset.do) && !mine && !(room.admin && child.dataset.do === "delete");
            child.classList.remove("sure");
          }
          return !dead;
        },
        react: () => attempt("react", { id: line.id, emoji: button.dataset.emoji, on: !line.reactions?.[button.dataset.emoji]?.includes(me) }),
        reply: () => writing.begin({ reply: line }),
        edit: () => writing.begin({ edit: line }),
        delete: () => button.classList.toggle("sure") || attempt("delete", { id: line.id }),
        retry: () => post(line),
        discard: () => (unsent.drop(line.clientId), soon()),
        show: () => paper.node(line.replyTo.id)?.focus(),
      };
      return acts[name]();
    },
  });

  function go(name) {
    location.hash = encodeURIComponent(name.replace(/^#/, ""));
  }

  async function leave() {
    if (room.name === session.lobby) return say(room, "The lobby is always open.");
    const { name } = room;
    rooms.delete(name);
    myRooms();
    go(session.lobby);
    await connection.send("leave", { room: name }).catch(() => {});
  }

  function enter() {
    const name = decodeURIComponent(location.hash.slice(1)) || session.lobby;
    const known = rooms.has(name);
    room = roomOf(name);
    myRooms();
    room.from = "";
    room.unread = "";
    quiet = true;
    mark();
    writing.open(name);
    if (!known && link.name === "live") join(room);
    document.body.focus();
    byId("rooms").hidePopover?.();
    draw();
    paper.settle();
  }

  // --- what was read

  const fresh = (target) => ordered(target.lines.values()).filter((line) => line.from && line.from !== me && position(line) > target.read);

  // From here on is new: remembered until the reader has been at the live edge and left again.
  const mark = () => (room.unread = room.read && fresh(room).length ? room.read : "");

  function look() {
    const last = ordered(room.lines.values()).findLast((line) => line.from);
    if (document.hidden || !paper.following || !last) return;
    room.read = position(last);
    localStorage.setItem(`chat.read.${room.name}`, room.read);
    soon();
  }

  async function older() {
    const lines = ordered(room.lines.values());
    const start = lines.findIndex((line) => position(line) >= room.from);
    if (start > 0) {
      room.from = position(lines[Math.max(0, start - WINDOW)]);
      quiet = true;
      return draw();
    }
    if (!room.before || room.loading || link.name !== "live") return;
    room.loading = true;
    await ask(room, room.before);
    room.loading = false;
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
    const mine = unsent.all(room.name).map((entry) => ({ ...entry, id: entry.clientId, from: me, sentAt: new Date(entry.at).toISOString() }));
    paper.draw(rows([...shown, ...mine], me, room.unread), quiet);
    quiet = false;
    look();
    const count = fresh(room).length;
    byId("pill").hidden = paper.following || !count;
    byId("pill").textContent = `${count} new message${count === 1 ? "" : "s"}`;
    byId("empty").hidden = lines.length + mine.length > 0;
    byId("title").textContent = room.name;
    const now = Date.now();
    const typing = [...room.typing].filter(([user, until]) => until > now && user !== me).map(([user]) => user);
    byId("typing").textContent = typing.length ? `${names(typing)} ${typing.length > 1 ? "are" : "is"} typing…` : "";
    const unread = [...rooms.values()].map((one) => ({ name: one.name, unread: one === room && paper.following && !document.hidden ? 0 : fresh(one).length }));
    const total = unread.reduce((sum, one) => sum + one.unread, 0);
    document.title = `${total ? `(${total}) ` : ""}${room.name} · Chat`;
    sidebar({
      rooms: unread, others: others.filter((one) => !rooms.has(one.room)),
      people: new Set([me, ...room.people]), count: room.count, me, current: room.name,
    });
    tell();
  }

  function tell() {
    const { tone, text, wait, action } = status(link, session, Date.now(), navigator.onLine);
    byId("status").dataset.tone = tone;
    if (byId("said").textContent !== text) byId("said").textContent = text;
    byId("wait").textContent = wait ? `Next try in ${wait} s` : "";
    byId("retry").hidden = action !== "retry";
    byId("sign-in-again").hidden = action !== "sign in";
  }

  const discover = () => fetch("rooms").then((answer) => answer.json())
    .then((found) => ((others = found.rooms ?? []), soon()), () => {});

  byId("chat").hidden = false;
  byId("me").textContent = me;
  byId("sign-in-again").href = session.signIn ?? ".";
  byId("pill").addEventListener("click", paper.toEnd);
  byId("retry").addEventListener("click", connection.retry);
  byId("invite").addEventListener("click", async () => {
    await navigator.clipboard.writeText(location.href.split("#")[0] + location.hash);
    say(room, "The link to this room is in your clipboard.");
  });
  byId("room-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const field = event.target.elements.room;
    if (field.value.trim()) go(field.value.trim());
    field.value = "";
  });
  byId("out").addEventListener("click", () => {
    sessionStorage.removeItem("chat.user");
    connection.pause();
    location.href = session.signOut ?? location.pathname;
  });
  addEventListener("hashchange", enter);
  addEventListener("pagehide", connection.pause);
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return void (room.unread = "");
    mark();
    draw();
    if (room.unread) paper.settle();
  });
  setInterval(() => link.at && tell(), 500);
  setInterval(() => document.hidden || discover(), 30_000);
  discover();
  for (const name of [session.lobby, ...JSON.parse(localStorage.getItem("chat.rooms") ?? "[]")]) roomOf(name);
  enter();
}
