// Runs @azure/web-pubsub-client: carries out a command for each line of the test, and reports every callback.

import { WebPubSubClient, WebPubSubJsonProtocol, WebPubSubJsonReliableProtocol } from "@azure/web-pubsub-client";
import { WebPubSubServiceClient } from "@azure/web-pubsub";
import { linesFromTheTest, report } from "./reporting.mjs";
import { streamCommands } from "./streams.mjs";

const [connectionString, hub, protocol, userId, ...roles] = process.argv.slice(2);
const service = new WebPubSubServiceClient(connectionString, hub);
const client = new WebPubSubClient(
  { getClientAccessUrl: async () => (await service.getClientAccessToken({ userId, roles })).url },
  {
    protocol: protocol === "plain" ? WebPubSubJsonProtocol() : WebPubSubJsonReliableProtocol(),
    // A refusal is reported at once instead of after four attempts.
    messageRetryOptions: { maxRetries: 1, retryDelayInMs: 10 },
    reconnectRetryOptions: { retryDelayInMs: 50 },
  },
);

const toReport = ({ data, ...message }) => ({
  ...message,
  data: data instanceof ArrayBuffer ? [...new Uint8Array(data)] : data,
});
const reasonOf = (error) => error.errorDetail?.name ?? String(error);
const controllers = new Map();

// Invokes, and reports the end of it while further commands are carried out.
async function invokeUntilEnd({ id, event, ...message }) {
  const abortSignal = controllers.set(id, new AbortController()).get(id).signal;
  try {
    const answer = await client.invokeEvent(event, ...sendArguments({ ...message, invocationId: id, abortSignal }));
    report("invoked", { id, result: toReport(answer) });
  } catch (error) {
    report("invoked", { id, name: error.name, failed: reasonOf(error) });
  }
}

client.on("connected", ({ connectionId, userId: user }) => report("connected", { connectionId, user }));
client.on("disconnected", ({ connectionId, message }) => report("disconnected", { connectionId, message }));
client.on("stopped", () => report("stopped"));
const onServerMessage = ({ message }) => report("server-message", toReport(message));
client.on("server-message", onServerMessage);
client.on("group-message", ({ message }) => report("group-message", toReport(message)));
client.on("rejoin-group-failed", ({ group, error }) => report("rejoin-group-failed", { group, name: error.name }));

const sendArguments = ({ content, dataType, ...rest }) => [
  dataType === "binary" ? new Uint8Array(content).buffer : content,
  dataType,
  rest,
];

const commands = {
  ...streamCommands(client),
  start: () => client.start(),
  stop: () => client.stop(),
  join: ({ group, ...options }) => client.joinGroup(group, options),
  leave: ({ group, ...options }) => client.leaveGroup(group, options),
  send: ({ group, ...message }) => client.sendToGroup(group, ...sendArguments(message)),
  event: ({ event, ...message }) => client.sendEvent(event, ...sendArguments(message)),
  invoke: async ({ event, ...message }) => toReport(await client.invokeEvent(event, ...sendArguments(message))),
  begin: (invocation) => {
    invokeUntilEnd(invocation); // reports its own end
  },
  abort: ({ id }) => controllers.get(id).abort(),
  unsubscribe: () => client.off("server-message", onServerMessage),
  end: () => {
    report("end");
    process.exit(0);
  },
};

const nextLine = linesFromTheTest();
for (let line = await nextLine(); line !== undefined; line = await nextLine()) {
  const { command, ...options } = JSON.parse(line);
  try {
    report("done", { command, result: (await commands[command](options)) ?? null });
  } catch (error) {
    report("done", { command, failed: reasonOf(error) });
  }
}
