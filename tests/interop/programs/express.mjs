// An Express app whose event handler is @azure/web-pubsub-express, as its guide shows it; every request is reported.

import express from "express";
import { WebPubSubEventHandler } from "@azure/web-pubsub-express";
import { report } from "./reporting.mjs";

const [hub, allowedEndpoint] = process.argv.slice(2);
const context = ({ connectionId, userId, hub: name, eventName, states }) => ({
  connectionId,
  userId,
  hub: name,
  eventName,
  states,
});

const handler = new WebPubSubEventHandler(hub, {
  path: "/eventhandler/",
  allowedEndpoints: allowedEndpoint ? [allowedEndpoint, "https://other.example"] : undefined,
  handleConnect(request, response) {
    report("connect", { ...context(request.context), claims: request.claims, queries: request.queries });
    if (request.queries.refuse) {
      response.fail(401, "not today");
      return;
    }
    response.setState("visits", 1);
    response.success({ userId: "renamed", groups: ["room"], roles: ["webpubsub.sendToGroup.room"] });
  },
  handleUserEvent(request, response) {
    const data = request.dataType === "binary" ? [...new Uint8Array(request.data)] : request.data;
    report("event", { ...context(request.context), dataType: request.dataType, data });
    const answers = {
      text: () => response.success("an answer", "text"),
      json: () => response.success(JSON.stringify({ an: "answer" }), "json"),
      binary: () => response.success(new Uint8Array([0, 255]), "binary"),
      nothing: () => response.success(),
      count: () => {
        response.setState("visits", request.context.states.visits + 1);
        response.success();
      },
      fail: () => response.fail(500, "broken"),
    };
    answers[request.context.eventName]();
  },
  onConnected: (request) => report("connected", context(request.context)),
  onGroupJoined: (request) => report("joined", { ...context(request.context), group: request.group }),
  onGroupLeft: (request) => report("left", { ...context(request.context), group: request.group }),
  onDisconnected: (request) => report("disconnected", { ...context(request.context), reason: request.reason }),
});

const app = express();
app.use(handler.getMiddleware());
const server = app.listen(0, "127.0.0.1", () => {
  report("listening", { url: `http://127.0.0.1:${server.address().port}${handler.path}` });
});
