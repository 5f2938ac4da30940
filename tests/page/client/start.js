// A chat for one test, on a service in memory.
import { Chat } from "../../../static/client/index.js";
import { startService } from "./service.js";
import { createStorage } from "./storage.js";

/** Starts a chat whose connection is new; its moves to other rooms are followed, as a page does. */
export async function startChat(t, { storage = createStorage() } = {}) {
  const service = startService();
  const moves = [];
  const chat = new Chat({
    me: "ana",
    userId: "ana",
    lobby: "lobby",
    storage,
    onChange() {},
    onMove(room) {
      moves.push(room);
      chat.openRoom(room);
    },
  });
  t.after(() => chat.close());
  await service.greet();
  return { chat, service, storage, moves };
}
