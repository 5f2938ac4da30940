// @azure/data-tables on a storage that loses its answers: what each kind of write reports, fault by fault.

import { TableClient } from "@azure/data-tables";
import { report } from "./reporting.mjs";

const [connectionString] = process.argv.slice(2);
const options = { allowInsecureConnection: true, retryOptions: { retryDelayInMs: 1 } };
const { origin } = new URL(/TableEndpoint=([^;]+)/.exec(connectionString)[1]);
const entity = { partitionKey: "p", rowKey: "r", n: 1 };
const changed = { ...entity, n: 2 };

async function addFault(line) {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify({ fault: line });
  const answer = await fetch(`${origin}/inspector/faults`, { method: "POST", headers, body });
  if (answer.status !== 201) throw new Error(await answer.text());
}

// Resolves to "ok", or to the status of the refusal.
function result(promise) {
  return promise.then(
    () => "ok",
    (error) => error.statusCode ?? error.code,
  );
}

const writes = {
  insert: (table) => table.createEntity({ ...entity, rowKey: "new" }),
  transaction: (table, etag) =>
    table.submitTransaction([
      ["update", changed, "Merge", { etag }],
      ["create", { ...entity, rowKey: "new" }],
    ]),
  upsert: (table) => table.upsertEntity(changed),
  merge: (table, etag) => table.updateEntity(changed, "Merge", { etag }),
  replace: (table, etag) => table.updateEntity(changed, "Replace", { etag }),
  delete: (table, etag) => table.deleteEntity("p", "r", { etag }),
};

const faults = [
  "fail storage 503",
  "fail storage 503 carried-out",
  "fail storage 500 carried-out",
  "cut storage carried-out",
];
let made = 0;

for (const fault of faults) {
  const saw = {};
  for (const [name, write] of Object.entries(writes)) {
    made += 1;
    const table = TableClient.fromConnectionString(connectionString, `table${made}`, options);
    await table.createTable();
    const { etag } = await table.createEntity(entity);
    await addFault(`${fault} count=1`);
    saw[name] = await result(write(table, etag));
  }
  report("fault", { fault, saw });
}
report("end");
