// The commands of client.mjs for streams to groups, of @azure/web-pubsub-client 1.1 and newer.

import { report } from "./reporting.mjs";

const toArguments = ({ content, dataType }) => [
  dataType === "binary" ? new Uint8Array(content).buffer : content,
  dataType,
];
const shown = (data) => (data instanceof ArrayBuffer ? [...new Uint8Array(data)] : data);

// Reports each part of a stream, and its end or its error; `next` is what the application's own loop takes.
async function read(stream) {
  report("stream", { stream: stream.streamId, group: stream.groupName });
  try {
    for await (const { data, dataType, fromUserId } of stream) {
      report("stream-part", { stream: stream.streamId, data: shown(data), dataType, fromUserId });
    }
    report("stream-end", { stream: stream.streamId });
  } catch ({ name, message, userErrorCode }) {
    report("stream-end", { stream: stream.streamId, error: { name, message, userErrorCode } });
  }
}

export function streamCommands(client) {
  const writers = new Map();
  return {
    "read-streams": (options) => {
      client.onGroupStream(read, options);
    },
    "open-stream": async ({ group, ...options }) => {
      const writer = await client.openGroupStream(group, options);
      writer.onError(({ name, message }) => report("stream-error", { stream: writer.streamId, name, message }));
      writers.set(writer.streamId, writer);
      return writer.streamId;
    },
    write: ({ stream, ...part }) => writers.get(stream).write(...toArguments(part)),
    "end-stream": ({ stream }) => writers.get(stream).end(),
    "abort-stream": ({ stream, error }) => writers.get(stream).abort(error),
  };
}
