// The shapes that the modules of this folder share: comments for the type checker, nothing runs here.

/**
 * What a reply answers: the message, who wrote it, and one line of it.
 * @typedef {{ id: string, from: string, message: string }} Quote
 */

/**
 * One entry of a room's conversation. A message has `from`; somebody who joined or left has `user`; a notice, an error
 * and a gap have only `event`. A change may arrive before the message that it changes: then `sentAt` is still missing.
 * @typedef {object} Entry
 * @property {string} id
 * @property {string} [room]
 * @property {string} [from] author
 * @property {string} [message] text; empty after a deletion
 * @property {string} [sentAt] UTC, ISO 8601
 * @property {string} [clientId] id that the author's page gave to the message
 * @property {Quote} [replyTo]
 * @property {string} [editedAt] UTC, ISO 8601
 * @property {string} [deletedAt] UTC, ISO 8601
 * @property {Record<string, string[]>} [reactions] users by emoji
 * @property {string} [event] `joined`, `left`, `notice`, `error` or `gap`
 * @property {string} [user] who joined or left
 */

/** @typedef {Entry & { sentAt: string }} DatedEntry an entry with its place in the conversation */

/**
 * A message that the server has not confirmed. `sent`: it was accepted, but did not come back yet.
 * @typedef {object} UnsentMessage
 * @property {string} id becomes the message's `clientId`
 * @property {string} room
 * @property {string} from
 * @property {string} message
 * @property {string} sentAt UTC, ISO 8601
 * @property {Quote} [replyTo]
 * @property {"pending" | "sent" | "failed"} state
 * @property {string} [error] why it failed
 */

/**
 * What is known of one room.
 * @typedef {object} Room
 * @property {string} name
 * @property {"idle" | "joining" | "joined"} membership `joined` once the server has answered
 * @property {boolean} isAdmin whether the user may edit and delete what others wrote
 * @property {Map<string, Entry>} entries by id
 * @property {Set<string>} people at most the first 100 users
 * @property {number} morePeople how many users are here beside `people`
 * @property {Map<string, number>} typing user and the time until which the user counts as typing, in milliseconds
 * @property {string} readPosition position of the last message that was read, empty for none
 * @property {string | null} olderCursor cursor of the page before the oldest known one
 * @property {boolean} isLoadingOlder
 * @property {CatchUp | null} catchUp set from joining again until the messages in between are there
 */

/**
 * The loading of messages that were missed while the client was away.
 * @typedef {object} CatchUp
 * @property {Set<string>} knownIds messages that were there before
 * @property {number} pages how many pages were read
 * @property {string} gapId id of the entry that marks the gap
 */

/**
 * Messages of the past; `before` is the cursor of the page before this one.
 * @typedef {{ room: string, messages: DatedEntry[], before: string | null, complete: boolean }} Page
 */

/** @typedef {Entry & { type?: undefined }} MessageFrame */
/** @typedef {Page & { type: "history" }} HistoryFrame */
/** @typedef {Page & { type: "joined", user: string, users: string[], count: number, admin: boolean }} JoinedFrame */
/** @typedef {{ type: "left", room: string }} LeftFrame */
/** @typedef {{ type: "typing", room: string, user: string }} TypingFrame */
/** @typedef {{ type: "edited", room: string, id: string, message: string, editedAt: string, by: string }} EditedFrame */
/** @typedef {{ type: "deleted", room: string, id: string, deletedAt: string, by: string }} DeletedFrame */
/** @typedef {{ type: "reaction", room: string, id: string, emoji: string, user: string, on: boolean }} ReactionFrame */

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
 * @property {string} [clientId] the refused message
 */

/**
 * What the server sends; docs/protocol.md describes each frame.
 * @typedef {MessageFrame | SystemFrame | JoinedFrame | LeftFrame | HistoryFrame | TypingFrame | EditedFrame | DeletedFrame
 *   | ReactionFrame} Frame
 */

/**
 * How frames change a room, by type; a result is the cursor of an older page that is needed to close a gap.
 * @typedef {{ [name: string]: (room: Room, frame: any, now: number) => string | void }
 *   & { typing: (room: Room, frame: TypingFrame, now: number) => void }
 *   & { reaction: (room: Room, frame: ReactionFrame) => void }
 *   & { system: (room: Room, frame: SystemFrame, now: number) => void }
 *   & { joined: (room: Room, frame: JoinedFrame, now: number) => string | void }} FrameRules
 */

/**
 * `live`: `isNew` tells a new logical connection from a recovered one, in which nothing was lost.
 * `waiting`: the next attempt is made `at` that time in milliseconds; `refused` is what the server said.
 * @typedef {{ name: "connecting" } | { name: "live", isNew: boolean } | { name: "signed out" }
 *   | { name: "waiting", at: number, refused?: string }} ConnectionState
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
 * @property {string} [userId] the id to connect with; left out where the platform knows the user
 * @property {string} lobby the room in which everyone starts
 * @property {KeyValueStorage} storage keeps rooms, read positions and unsent messages: `localStorage`
 * @property {() => void} onChange called after every change
 * @property {(room: string) => void} [onMove] another room must become the current one: call `openRoom` with it
 * @property {() => void} [onFirstPage] the current room is empty and now gets its first page
 */

/**
 * The part of Web Storage that is used, `localStorage` for example. Its keys are its enumerable properties.
 * @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} KeyValueStorage
 */

export {};
