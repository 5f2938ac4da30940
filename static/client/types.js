// The shapes that the modules of this folder share: comments for the type checker, nothing runs here.

/**
 * What a reply answers: the message, who wrote it, and one line of it.
 * @typedef {{ id: string, from: string, user?: string, message: string }} Quote
 */

/**
 * One entry of a room's conversation. A message has `from` and `user`; somebody who joined or left has `user` only; a notice
 * and an error have only `event`. A change may arrive before the message that it changes: then `sentAt` is still missing.
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} [room]
 * @property {string} [from] what the author was called
 * @property {string} [kind] what the author did not type: `action` (`/me`) or `reminder`
 * @property {string} [message] text; empty after a deletion
 * @property {string} [sentAt] UTC, ISO 8601
 * @property {number} [seq] number of the message in the room's log
 * @property {number} [version] number of the log's newest entry that changed the message
 * @property {string} [clientId] id that the author's page gave to the message
 * @property {Quote} [replyTo]
 * @property {string[]} [mentions] ids of the users whom the text mentions
 * @property {string} [editedAt] UTC, ISO 8601
 * @property {string} [deletedAt] UTC, ISO 8601
 * @property {Record<string, string[]>} [reactions] the first users by emoji
 * @property {Record<string, number>} [reactionCounts] how many users by emoji, when not all are listed
 * @property {Record<string, boolean>} [ownReactions] whether the user has reacted, as far as it was seen live
 * @property {string} [event] `joined`, `left`, `notice`, `error` or `act`
 * @property {ActFrame} [act] the act of moderation
 * @property {string} [user] id of the author, or of who joined or left
 */

/** @typedef {Entry & { sentAt: string }} DatedEntry an entry with its place in the conversation */

/**
 * A message with the changes that the server has not confirmed.
 * @typedef {DatedEntry & { pendingChange?: "edit" | "delete", pendingEmojis?: string[], failedChange?: UnsentChange }} ShownEntry
 */

/**
 * What a message and a change have in the outbox. `sent`: it was accepted, but did not come back yet.
 * @typedef {object} UnsentItem
 * @property {string} id becomes the `clientId`
 * @property {string} room
 * @property {string} from
 * @property {string} sentAt UTC, ISO 8601
 * @property {"pending" | "sent" | "failed"} state
 * @property {string} [error] why it failed
 * @property {number} [after] number of the last entry that was known when it was made
 * @property {boolean} [isDelayed] it was too much at once, and is sent later
 */

/**
 * A change of the message `target`: an edit has the new text, a reaction its emoji and whether it is set or cleared.
 * @typedef {{ kind: "edit" | "delete" | "react", target: string, message?: string, mentions?: string[],
 *   emoji?: string, on?: boolean }} Change
 */

/** @typedef {UnsentItem & { kind: "message", message: string, replyTo?: Quote, mentions?: string[] }} UnsentMessage */
/** @typedef {UnsentItem & Change} UnsentChange */
/** @typedef {UnsentMessage | UnsentChange} Unsent what the server has not confirmed */

/** @typedef {{ after: number, last: number }} Run a part of the log of which nothing is missing: after + 1 to last */

/**
 * A part of the log that is missing: after + 1 to until - 1. `isRemoved`: the server has not kept it.
 * @typedef {{ after: number, until: number, isRemoved: boolean }} Gap
 */

/**
 * Who is in a room: the first users and how many there are, as the server said `at` that time, changed by later news.
 * @typedef {object} Roster
 * @property {Set<string>} users
 * @property {Set<string>} away those of them who do not look at the chat
 * @property {number} count
 * @property {boolean} atLeast whether there may be more people than `count`
 * @property {string} at UTC, ISO 8601
 * @property {Map<string, { event: SystemFrame["event"], at: string }>} news the last one of each user
 */

/**
 * What is known of one room.
 * @typedef {object} Room
 * @property {string} name
 * @property {string} title what people see in place of the name; empty: the name
 * @property {string} other the other user of a direct room, else empty
 * @property {string} kind `public`, `private` or `direct`
 * @property {"idle" | "joining" | "joined" | "removed"} membership `joined` once the server has answered, `removed` until the
 *   next connection
 * @property {boolean} isAdmin whether the user may edit and delete what others wrote
 * @property {RoomRules} rules
 * @property {boolean} isPlaced whether the server has named it as one of the user's rooms
 * @property {import("./log.js").Entries} entries by id, and in everybody's order
 * @property {Map<string, number>} typing user and the time until which the user counts as typing, in milliseconds
 * @property {Roster} roster
 * @property {Run[]} runs which entries of the log are known, in order
 * @property {number} head number of the log's last entry, as far as it is known
 * @property {number} first number of the first entry that the server keeps
 * @property {number | null} rejoinedAt the last entry that was known when the room was joined again
 * @property {number | null} unmarkedAfter gaps after this entry are not shown yet
 * @property {boolean} isIncomplete whether the newest messages could not be read
 * @property {number} olderFailures how often in a row older messages could not be read
 * @property {number | null} olderBefore the number before which older messages are being asked for
 * @property {boolean} isLoadingOlder
 * @property {{ after: number, pages: number, isFromStart?: boolean } | null} wanted a long gap that is being filled, and how
 *   many pages of it
 * @property {number} read number of the last entry that was read, on any device
 * @property {number} marked number of the last entry that was read here
 * @property {{ head: number, unread: number } | null} counted unread messages up to an entry, as the server counted them
 * @property {Set<number>} newer unread messages after that entry
 * @property {Set<number>} mentioned numbers of the unread messages that mention the user
 * @property {Level} level of which messages the user wants to be notified
 * @property {string} me the user's id, once the server has told something of the room
 * @property {number | null} storedAt when the browser kept what is known, until the server has answered; in milliseconds
 * @property {Map<number, string> | null} storedIds ids of the kept messages by their number
 */

/**
 * What the browser keeps of a room: the last run of its log with its messages and acts, and when that was.
 * @typedef {{ v: number, room: string, title: string, other: string, read: number, first: number, run: Run, entries: Entry[],
 *   names: Record<string, string>, at: number }} StoredRoom
 */

/**
 * A room that the user is in; `with` is the other user of a direct one.
 * @typedef {{ room: string, read: number, unread: number, mentioned?: number[], level?: Level, head: number | null, title?: string, with?: string,
 *   kind?: string }} Place
 */

/** @typedef {{ room: string, unread: number, isPlaced: boolean, title?: string }} StoredPlace */

/** @typedef {{ room: string, kind: string, title: string, by: string, at: string }} Invitation to a private room */

/**
 * The rules of a room as of the entry `head`, and by which act each part was set since then. `muted` is until when the user
 * is (null: for ever).
 * @typedef {{ role: string | null, closed: boolean, slow: number, pinned: Set<string>, muted?: string | null, head: number,
 *   setBy: Map<string, number> }} RoomRules
 */

/**
 * Asks the server about a room, and returns whether it has answered.
 * @typedef {(event: string, data: object, room: Room) => Promise<boolean>} Ask
 */

/**
 * Messages of the past; `before` is the number to pass on for the page before this one. A `head` of null: storage could
 * not be read.
 * @typedef {{ room: string, messages: MessageFrame[], before: number | null, complete: boolean, head: number | null,
 *   first: number | null }} Page
 */

/** @typedef {Entry & { type?: undefined, messageSeq?: undefined }} MessageFrame */
/** @typedef {Page & { type: "history" }} HistoryFrame */

/**
 * @typedef {Page & { type: "joined", user: string, users: string[], count: number, admin: boolean, atLeast?: boolean, read?: number | null,
 *   unread?: number | null, mentioned?: number[] | null, level?: Level | null, away?: string[], title?: string | null, with?: string, role?: string | null, closed?: boolean, slow?: number,
 *   pinned?: string[], muted?: string | null }} JoinedFrame
 */

/**
 * Messages around one, whose number is `seq`; `before` and `after` are the numbers to go on with, null at an end of the log.
 * @typedef {{ type: "around", room: string, messages: MessageFrame[], seq: number, before: number | null, after: number | null,
 *   head: number, first: number }} AroundFrame
 */

/**
 * The newest messages that match, of all rooms; `cursor` is to go on with, and everything later than `reached` was looked at
 * (both null at the end). `searched` is how many entries were looked at.
 * @typedef {{ type: "found", room?: undefined, messages: MessageFrame[], cursor: string | null, searched: number,
 *   reached: string | null }} FoundFrame
 */

/**
 * The log's entries after a number; `complete` when they begin with the next one.
 * @typedef {{ type: "since", room: string, after: number, entries: (MessageFrame | ChangeFrame | ActFrame)[], head: number | null,
 *   first: number | null, complete: boolean }} SinceFrame
 */

/**
 * @typedef {{ type: "roster", room: string, users: string[], away?: string[], count: number, atLeast?: boolean, head: number | null,
 *   first: number | null, at: string }} RosterFrame
 */

/** @typedef {{ type: "read", room: string, seq: number, unread: number, mentioned?: number[] }} ReadFrame */

/**
 * A message that mentions the user; sent to all connections of the user.
 * @typedef {{ type: "mentioned", room: string, id: string, seq: number, from: string, user: string, message: string,
 *   sentAt: string }} MentionedFrame
 */

/** @typedef {{ type: "unmentioned", room: string, id: string, seq: number }} UnmentionedFrame */
/** @typedef {"all" | "mentions" | "none"} Level of which messages of a room the user wants to be notified */
/** @typedef {{ type: "level", room: string, level: Level }} LevelFrame */
/** @typedef {{ type: "presence", room: string, user: string, away: boolean }} PresenceFrame */
/** @typedef {{ start: number, end: number, user: string }} Mention a part of a text: `@` and the user's name */
/** @typedef {{ type: "places", room?: undefined, rooms: Place[], invitations?: Invitation[] }} PlacesFrame */
/** @typedef {Invitation & { type: "invited" }} InvitedFrame */
/** @typedef {{ type: "removed", room: string, act: string, until?: string | null, reason?: string }} RemovedFrame */
/** @typedef {{ type: "link", room: string, secret: string, until: string }} LinkFrame */
/** @typedef {{ type: "members", room: string, title: string, members: { user: string, role: string }[],
 *   invited?: { user: string }[] }} MembersFrame */
/** @typedef {InvitedFrame | RemovedFrame | LinkFrame | MembersFrame} UserFrame what is told to one user about a room */
/** @typedef {{ type: "left", room: string }} LeftFrame */
/** @typedef {{ type: "typing", room: string, user: string }} TypingFrame */

/**
 * A change of a message, with all that can change as it is now. `seq` is the change's number, `messageSeq` the message's;
 * `clientId` is the change's own.
 * @typedef {Omit<Entry, "event" | "user"> & { type: "edited" | "deleted" | "reaction", messageSeq: number, by: string,
 *   at: string, emoji?: string, user?: string, on?: boolean }} ChangeFrame
 */

/**
 * An act of moderation. `until` is null for ever.
 * @typedef {{ type: "moderation", room: string, id: string, seq: number, act: string, by: string, at: string,
 *   clientId?: string, user?: string, until?: string | null, seconds?: number, messageId?: string, role?: string,
 *   title?: string }} ActFrame
 */

/**
 * An event of a room, or a notice or an error for one user.
 * @typedef {object} SystemFrame
 * @property {"system"} type
 * @property {"joined" | "left" | "notice" | "error"} event
 * @property {string} message
 * @property {string} [room]
 * @property {string} [user]
 * @property {string} [at] UTC, ISO 8601
 * @property {string} [code]
 * @property {number} [retryAfter] in seconds
 * @property {string} [clientId] the refused message or change
 */

/**
 * What the server sends; docs/protocol.md describes each frame. `names` has those users whose name is not their id.
 * @typedef {{ names?: Record<string, string> } & (MessageFrame | ChangeFrame | ActFrame | SystemFrame | JoinedFrame | LeftFrame
 *   | HistoryFrame | AroundFrame | FoundFrame | SinceFrame | RosterFrame | ReadFrame | PlacesFrame | TypingFrame | UserFrame
 *   | MentionedFrame | UnmentionedFrame | LevelFrame | PresenceFrame)} Frame
 */

/**
 * How frames change a room, by type.
 * @typedef {{ [name: string]: (room: Room, frame: any, me: string, now: number) => void }
 *   & { typing: (room: Room, frame: TypingFrame, me: string, now: number) => void }
 *   & { system: (room: Room, frame: SystemFrame, me: string, now: number) => void }
 *   & { joined: (room: Room, frame: JoinedFrame, me: string) => void }
 *   & { history: (room: Room, frame: HistoryFrame) => void }
 *   & { around: (room: Room, frame: AroundFrame) => void }
 *   & { since: (room: Room, frame: SinceFrame, me: string) => void }
 *   & { roster: (room: Room, frame: RosterFrame) => void }
 *   & { read: (room: Room, frame: ReadFrame) => void }
 *   & { mentioned: (room: Room, frame: MentionedFrame, me: string) => void }
 *   & { unmentioned: (room: Room, frame: UnmentionedFrame) => void }
 *   & { level: (room: Room, frame: LevelFrame) => void }
 *   & { presence: (room: Room, frame: PresenceFrame) => void }} FrameRules
 */

/**
 * `live`: `isNew` tells a new logical connection from a recovered one, in which nothing was lost. `checking`: it may be lost, and
 * was asked. `signed out`: `user` is who has signed in instead, in the same browser.
 * `waiting`: the next attempt is made `at` that time in milliseconds; `refused` is what the server said, `code` why.
 * @typedef {{ name: "connecting" } | { name: "live", isNew: boolean } | { name: "checking" } | { name: "signed out", user?: string }
 *   | { name: "waiting", at: number, refused?: string, code?: string }} ConnectionState
 */

/**
 * Whether an event was done. Without `error` there was no connection.
 * @typedef {{ ok: true } | { ok: false, error?: string }} SendResult
 */

/**
 * What the service sends over the socket:
 * https://learn.microsoft.com/azure/azure-web-pubsub/reference-json-reliable-webpubsub-subprotocol
 * @typedef {object} Envelope
 * @property {string} type
 * @property {string} [connectionId]
 * @property {string} [reconnectionToken]
 * @property {number} [ackId]
 * @property {boolean} [success]
 * @property {{ name: string, message?: string }} [error]
 * @property {number} [sequenceId]
 * @property {Frame} [data]
 */

/**
 * What the app answers to an HTTP request: the content of the answer and its status; nothing without an answer.
 * @typedef {{ status?: number, error?: { code: string, message: string } } & Record<string, any>} Answer
 */

/**
 * What a chat needs.
 * @typedef {object} ChatOptions
 * @property {string} me the user's id
 * @property {string} [name] what the user is called, where that is not the id
 * @property {string} [userId] the id to connect with; left out where the platform knows the user
 * @property {string} lobby the room in which everyone starts
 * @property {KeyValueStorage} storage keeps rooms and what is unsent: `localStorage`
 * @property {() => void} onChange called after every change
 * @property {(frame: UserFrame) => string} [describe] returns what a notice says of the frame; empty: there is none
 * @property {(refusal: { code?: string, message?: string, retryAfter?: number }) => string | Promise<string>} [describeRefusal]
 *   returns a refusal in words for people; without it the server's own are shown. No code: it does not come from the app
 * @property {(item: UnsentMessage, refusal: SystemFrame) => void} [onMistyped] gets a refused slash command: its author can
 *   correct it. Without this it is kept as failed, as a message is
 * @property {(room: string) => void} [onMove] another room must become the current one: call `openRoom` with it
 * @property {() => void} [onFirstPage] the current room is empty and now gets its first page
 */

/**
 * The part of Web Storage that is used, `localStorage` for example. Its keys are its enumerable properties.
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} KeyValueStorage
 */

/**
 * What a storage keeps for one user.
 * @typedef {Omit<KeyValueStorage, "setItem"> & { setItem: (key: string, value: string) => boolean, keys: () => string[] }}
 *   UserStorage
 */

export {};
