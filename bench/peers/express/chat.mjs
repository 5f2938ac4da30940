// The peer: a chat on Express that sends on what is said and stores nothing. Its one argument is the port.
//
// A text goes to everyone in the hub. JSON with a room goes to the room's group, which a client enters when it connects
// with a token for `/negotiate?room=`.

import { WebPubSubServiceClient } from "@azure/web-pubsub";
import { WebPubSubEventHandler } from "@azure/web-pubsub-express";
import express from "express";

const hub = "Sample_ChatApp";
const port = Number(process.argv[2]);
const service = new WebPubSubServiceClient(process.env.WebPubSubConnectionString, hub, {
  allowInsecureConnection: true,
});

async function publishMessage(user, data) {
  if (data?.room) {
    await service.group(data.room).sendToAll({ from: user, message: data.message });
  } else {
    await service.sendToAll({ from: user, message: data });
  }
}

const events = new WebPubSubEventHandler(hub, {
  path: "/eventhandler",
  onConnected: ({ context }) => console.log(`${context.userId} connected`),
  async handleUserEvent(request, response) {
    if (request.context.eventName === "message") {
      await publishMessage(request.context.userId, request.data);
    }
    response.success();
  },
});

const app = express();
app.use(events.getMiddleware());
app.get("/negotiate", async (request, response) => {
  const { id, room } = request.query;
  if (!id) {
    response.status(400).send("missing user id");
    return;
  }
  const { url } = await service.getClientAccessToken({ userId: id, groups: room ? [room] : [] });
  response.json({ url });
});
app.listen(port, "127.0.0.1", () => console.log(`Express chat listens on port ${port}`));
