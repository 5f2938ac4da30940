// The menu at the message box: the commands that a text may become, and the people whose name is being typed after an `@`.
// Loaded when the first of them is typed.
import { matchPeople, mentionedUsers, nameBeingTyped } from "../client/mentions.js";
import { byId, createAvatar, createElement, setContent } from "./dom.js";

const MENU_LENGTH = 9; // as many as fit on a phone; the first letters find the others
const MAX_SPEAKERS = 100;
const COMMANDS = [
  "/help",
  "/join room",
  "/leave",
  "/me waves",
  "/who",
  "/rooms",
  "/remind 10m tea",
  "/reminders",
  "/forget 1",
  "/create private Team plans",
  "/direct bo",
  "/invite bo",
  "/uninvite bo",
  "/link 7d",
  "/unlink",
  "/accept ~room",
  "/members",
  "/role bo moderator",
  "/rename Team plans",
  "/remove bo",
  "/mute bo 10m",
  "/unmute bo",
  "/kick bo",
  "/ban bo 1d",
  "/unban bo",
  "/close",
  "/open",
  "/slow 30s",
  "/pin",
  "/unpin",
];

/** Returns examples of the commands that the text may become. */
export function matchCommands(text) {
  return /^\/\w*$/.test(text)
    ? COMMANDS.filter((usage) => usage.startsWith(text.toLowerCase())).slice(0, MENU_LENGTH)
    : [];
}

/**
 * Returns who may be mentioned in a room, each once: who spoke last, then who is here, then its members.
 * @param {{ user?: string, from?: string, kind?: string }[]} entries in order
 * @param {Iterable<string>} here
 * @param {Iterable<string>} members
 * @param {{ me: string, nameOf: (user: string) => string }} names
 */
export function peopleToMention(entries, here, members, { me, nameOf }) {
  const speakers = entries.filter(({ from, user, kind }) => from && user && kind !== "reminder").slice(-MAX_SPEAKERS);
  const users = new Set([...speakers.reverse().map(({ user }) => user), ...here, ...members]);
  const others = [...users].filter((user) => user && user !== me && user !== "erased");
  return others.map((user) => ({ user: String(user), name: nameOf(String(user)) }));
}

/** Returns the menu of the box. `write` sets the box's text, and the caret where it is given. */
export function createCompletion({ box, chat, write }) {
  const menu = byId("command-menu");
  /** @type {Map<string, string>} names of the users that were picked, by id */
  const picked = new Map();
  /** @type {Map<string, string[]>} members of private rooms */
  const members = new Map();
  let options = []; // { label, user?, name?, pick }
  let chosen = 0;
  let isClosed = false; // by Escape, until the text changes

  function people() {
    const { room } = chat;
    const others = [room.other, ...(members.get(room.name) ?? [])].filter(Boolean);
    return peopleToMention(chat.shownEntries(), room.roster.users, others, {
      me: chat.me,
      nameOf: (user) => chat.nameOf(user),
    });
  }

  function commandOptions() {
    return matchCommands(box.value).map((usage) => {
      const command = usage.split(" ")[0];
      return { label: usage, isDone: usage === box.value, pick: () => write(`${command} `) };
    });
  }

  function nameOptions() {
    const typed = nameBeingTyped(box.value, box.selectionStart);
    if (!typed || box.selectionStart !== box.selectionEnd) return [];
    if ([...picked.values()].some((name) => typed.query.startsWith(`${name} `))) return [];
    askForMembers();
    return matchPeople(typed.query, people())
      .slice(0, MENU_LENGTH)
      .map(({ user, name }) => ({
        label: name,
        user,
        name,
        isDone: name === typed.query,
        pick: () => pickName(typed, user, name),
      }));
  }

  function pickName({ start, query }, user, name) {
    picked.delete(user);
    picked.set(user, name);
    const before = `${box.value.slice(0, start)}@${name} `;
    const after = box.value.slice(start + 1 + query.length).replace(/^ /, "");
    write(before + after, before.length);
  }

  // Who is a member and not here can be mentioned too.
  async function askForMembers() {
    const { name, kind } = chat.room;
    if (kind !== "private" || members.has(name)) return;
    members.set(name, []);
    try {
      const answer = await chat.request("members");
      members.set(
        name,
        answer.members.map(({ user }) => user),
      );
    } catch {
      members.delete(name); // who is here can be picked all the same
      return;
    }
    update();
  }

  function choose(index) {
    chosen = options.length ? (index + options.length) % options.length : 0;
    const content = options.length && JSON.stringify([chosen, options.map(({ label, user }) => [label, user])]);
    menu.ariaLabel = options[0]?.user ? "People" : "Commands";
    setContent(menu, content, () => options.map(createOption));
    box.setAttribute("aria-activedescendant", options.length ? `option${chosen}` : "");
    if (options.length) byId(`option${chosen}`).scrollIntoView({ block: "nearest" });
  }

  function createOption({ label, user, name, pick }, index) {
    const onclick = () => {
      pick();
      box.focus();
    };
    const properties = { id: `option${index}`, role: "option", ariaSelected: index === chosen, onclick };
    if (!user) return createElement("li", properties, label);
    const id = user === name ? "" : createElement("small", {}, user);
    return createElement("li", properties, createAvatar(name), createElement("bdi", {}, name), id);
  }

  function update() {
    const found = isClosed ? [] : [...commandOptions(), ...nameOptions()];
    const former = options[chosen];
    options = found;
    const kept = options.findIndex(({ label, user }) => former && label === former.label && user === former.user);
    choose(Math.max(0, kept));
  }

  return {
    /** Shows what the text at the caret may become. */
    update() {
      isClosed = false;
      update();
    },

    /** Takes the option that is chosen, and returns whether there was one that changes the text. */
    pick() {
      const option = options[chosen];
      if (!option || option.isDone) return false;
      option.pick();
      return true;
    },

    /** Chooses another option, and returns whether there is one. */
    move(step) {
      if (options.length) choose(chosen + step);
      return options.length > 0;
    },

    /** Closes the menu, and returns whether it was open. */
    close() {
      const wasOpen = options.length > 0;
      isClosed = true;
      update();
      return wasOpen;
    },

    /** Returns the ids of the users whom a text mentions; of users with one name the one that was picked last. */
    mentionsIn(text) {
      if (!text.includes("@")) return [];
      const names = new Map([...picked].reverse());
      for (const { user, name } of people()) if (!names.has(user)) names.set(user, name);
      return mentionedUsers(text, names);
    },
  };
}
