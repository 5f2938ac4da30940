// Calls every public operation of @azure/web-pubsub, and reports for each what clients then receive.

import { AzureKeyCredential, WebPubSubServiceClient, odata } from "@azure/web-pubsub";
import { Listener, report } from "./reporting.mjs";

const [connectionString, hub] = process.argv.slice(2);
const sdk = new WebPubSubServiceClient(connectionString, hub, { allowInsecureConnection: true });
const room = sdk.group("room");
const text = { contentType: "text/plain" };
const opened = [];

async function open(userId, options = {}) {
  const { url } = await sdk.getClientAccessToken({ userId, ...options });
  opened.push(await Listener.open(url));
  return opened.at(-1);
}

// Resolves to whether a publish to the group reaches the listener; the message after it shows when it does not.
async function isReachedByGroup(listener, group = room) {
  await group.sendToAll("group", text);
  await sdk.sendToConnection(listener.id, "end", text);
  const heard = await listener.data();
  if (heard === "group") await listener.data();
  return heard === "group";
}

async function refusal(promise) {
  return promise.then(
    () => "no refusal",
    (error) => [error.statusCode, error.code],
  );
}

const hubOperations = {
  async sendToAll() {
    const [ana, bo] = [await open("ana"), await open("bo")];
    await sdk.sendToAll({ n: 1 });
    await sdk.sendToAll("text", text);
    await sdk.sendToAll(new Uint8Array([0, 255]).buffer);
    await sdk.sendToAll("not for bo", { ...text, excludedConnections: [bo.id] });
    await sdk.sendToAll("only bo", { ...text, filter: odata`userId eq ${"bo"}`, messageTtlSeconds: 60 });
    const heard = async (who) => [await who.data(), await who.data(), await who.data(), await who.data()];
    return { ana: await heard(ana), bo: await heard(bo) };
  },

  async sendToUser() {
    const [ana, bo] = [await open("ana"), await open("bo")];
    await sdk.sendToUser("ana", { to: "ana" });
    await sdk.sendToUser("bo", "bo", { ...text, filter: odata`connectionId eq ${bo.id}` });
    return [await ana.data(), await bo.data()];
  },

  async sendToConnection() {
    const [ana, bo] = [await open("ana"), await open("bo")];
    await sdk.sendToConnection(ana.id, { to: "ana" }, { messageTtlSeconds: 300 });
    await sdk.sendToConnection(bo.id, "bo", text);
    await sdk.sendToConnection("unknown", "nobody", text);
    return [await ana.next(), await bo.data()];
  },

  async connectionExists() {
    const ana = await open("ana");
    return [await sdk.connectionExists(ana.id), await sdk.connectionExists("unknown")];
  },

  async groupExists() {
    await open("ana", { groups: ["room"] });
    return [await sdk.groupExists("room"), await sdk.groupExists("Room")];
  },

  async userExists() {
    await open("ana");
    return [await sdk.userExists("ana"), await sdk.userExists("Ana")];
  },

  async closeConnection() {
    const [ana, bo] = [await open("ana"), await open("bo")];
    await sdk.closeConnection(ana.id, { reason: "enough" });
    return [await ana.next(), await ana.closed, await bo.isOpen()];
  },

  async closeAllConnections() {
    const [ana, bo] = [await open("ana"), await open("bo")];
    await sdk.closeAllConnections({ reason: "enough" });
    return [await ana.closed, await bo.closed];
  },

  async closeUserConnections() {
    const [phone, laptop, bo] = [await open("ana"), await open("ana"), await open("bo")];
    await sdk.closeUserConnections("ana", { reason: "enough" });
    return [await phone.closed, await laptop.closed, await bo.isOpen()];
  },

  async removeUserFromAllGroups() {
    const [ana, bo] = [await open("ana", { groups: ["room"] }), await open("bo", { groups: ["room"] })];
    await sdk.removeUserFromAllGroups("ana");
    return [await isReachedByGroup(ana), await bo.data()];
  },

  async removeConnectionFromAllGroups() {
    const ana = await open("ana", { groups: ["room", "other"] });
    await sdk.removeConnectionFromAllGroups(ana.id);
    return [await isReachedByGroup(ana), await isReachedByGroup(ana, sdk.group("other"))];
  },

  async addConnectionsToGroups() {
    const [ana, bo] = [await open("ana"), await open("bo")];
    await sdk.addConnectionsToGroups(["room", "other"], odata`userId eq ${"ana"}`);
    return [await isReachedByGroup(ana), await isReachedByGroup(ana, sdk.group("other")), await isReachedByGroup(bo)];
  },

  async removeConnectionsFromGroups() {
    const [ana, bo] = [await open("ana", { groups: ["room"] }), await open("bo", { groups: ["room"] })];
    await sdk.removeConnectionsFromGroups(["room"], odata`${"room"} in groups and userId ne ${"bo"}`);
    return [await isReachedByGroup(ana), await bo.data()];
  },

  async grantPermission() {
    const ana = await open("ana");
    const before = await ana.ask({ type: "joinGroup", group: "room", ackId: 1 });
    await sdk.grantPermission(ana.id, "joinLeaveGroup", { targetName: "room" });
    const after = await ana.ask({ type: "joinGroup", group: "room", ackId: 2 });
    const unknown = await refusal(sdk.grantPermission("unknown", "sendToGroup", { targetName: "room" }));
    return [before.error.name, after.success, unknown];
  },

  async revokePermission() {
    const ana = await open("ana", { roles: ["webpubsub.joinLeaveGroup"] });
    await sdk.revokePermission(ana.id, "joinLeaveGroup", { targetName: "room" });
    const revoked = await ana.ask({ type: "joinGroup", group: "room", ackId: 1 });
    const other = await ana.ask({ type: "joinGroup", group: "other", ackId: 2 });
    return [revoked.error.name, other.success];
  },

  async hasPermission() {
    const ana = await open("ana", { roles: ["webpubsub.sendToGroup.room"] });
    const has = (permission, targetName) => sdk.hasPermission(ana.id, permission, { targetName });
    return [await has("sendToGroup", "room"), await has("sendToGroup", "other"), await has("joinLeaveGroup", "room")];
  },

  async getClientAccessToken() {
    const token = await sdk.getClientAccessToken({
      userId: "ana",
      roles: ["webpubsub.sendToGroup.room"],
      groups: ["room"],
      expirationTimeInMinutes: 5,
    });
    const ana = await Listener.open(token.url);
    opened.push(ana);
    return await ana.ask({ type: "sendToGroup", group: "room", dataType: "text", data: "hi" });
  },

  // The constructor's other form, and a key that is not the service's. (With a token credential this SDK requires TLS.)
  async constructor() {
    const key = new AzureKeyCredential("a key that is not the right one, but long enough");
    const stranger = new WebPubSubServiceClient(sdk.endpoint, key, hub, { allowInsecureConnection: true });
    return await refusal(stranger.sendToAll("hi", text));
  },

  async group() {
    const { groupName, hubName } = sdk.group("a");
    return [groupName, hubName, await refusal(sdk.sendToAll({ n: 1 }, { filter: "userId lt 1" }))];
  },
};

const groupOperations = {
  async addConnection() {
    const ana = await open("ana");
    await room.addConnection(ana.id);
    return [await isReachedByGroup(ana), await refusal(room.addConnection("unknown"))];
  },

  async removeConnection() {
    const ana = await open("ana", { groups: ["room"] });
    await room.removeConnection(ana.id);
    return await isReachedByGroup(ana);
  },

  async addUser() {
    const ana = await open("ana");
    await room.addUser("ana");
    return [await isReachedByGroup(ana), await refusal(room.addUser("nobody"))];
  },

  async removeUser() {
    const ana = await open("ana", { groups: ["room"] });
    await room.removeUser("ana");
    return await isReachedByGroup(ana);
  },

  async sendToAll() {
    const [ana, bo] = [await open("ana", { groups: ["room"] }), await open("bo", { groups: ["room"] })];
    await room.sendToAll({ n: 1 }, { excludedConnections: [bo.id] });
    await room.sendToAll("for bo", { ...text, filter: odata`userId eq ${"bo"}` });
    return [await ana.data(), await bo.data()];
  },

  async listConnections() {
    for (const user of ["ana", "bo", "cleo"]) await open(user, { groups: ["room"] });
    const users = async (options) => {
      const found = [];
      for await (const member of await room.listConnections(options)) found.push(member.userId);
      return found.sort();
    };
    const pages = [];
    for await (const page of (await room.listConnections({ maxPageSize: 2 })).byPage()) pages.push(page.length);
    return { all: await users(), top: (await users({ top: 1 })).length, pages };
  },

  async closeAllConnections() {
    const [ana, bo] = [await open("ana", { groups: ["room"] }), await open("bo")];
    await room.closeAllConnections({ reason: "enough" });
    return [await ana.closed, await bo.isOpen()];
  },
};

function publicNames(object) {
  return Object.getOwnPropertyNames(Object.getPrototypeOf(object))
    .filter((name) => name !== "constructor")
    .sort();
}

for (const [name, operations] of [
  ["hub", hubOperations],
  ["group", groupOperations],
]) {
  for (const [operation, call] of Object.entries(operations)) {
    report("operation", { client: name, operation, result: await call() });
    opened.splice(0).forEach((listener) => listener.end());
    while (await sdk.groupExists("room")) await new Promise(setImmediate);
  }
}
report("offered", { hub: publicNames(sdk), group: publicNames(room) });
report("end");
process.exit(0);
