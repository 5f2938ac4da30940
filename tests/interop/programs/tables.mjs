// Every public operation of @azure/data-tables on a table storage; what it gives is reported, operation by operation.

import {
  AzureNamedKeyCredential,
  TableClient,
  TableServiceClient,
  TableTransaction,
  generateTableSas,
  odata,
} from "@azure/data-tables";
import { report } from "./reporting.mjs";

const [connectionString, account, key] = process.argv.slice(2);
const options = { allowInsecureConnection: true };
const service = TableServiceClient.fromConnectionString(connectionString, options);
const endpoint = /TableEndpoint=([^;]+)/.exec(connectionString)[1];

let made = 0;

async function newTable() {
  made += 1;
  const table = TableClient.fromConnectionString(connectionString, `table${made}`, options);
  await table.createTable();
  return table;
}

async function refusal(promise) {
  return promise.then(
    () => "no refusal",
    (error) => [error.statusCode, error.details?.odataError?.code ?? error.code],
  );
}

async function rows(iterator) {
  const found = [];
  for await (const entity of iterator) found.push(entity.rowKey);
  return found;
}

const one = { partitionKey: "p", rowKey: "r", n: 1 };

const serviceOperations = {
  async createTable() {
    await service.createTable("first");
    await service.createTable("First");
    return refusal(service.createTable("a-b"));
  },

  async listTables() {
    await service.createTable("Second");
    const pages = [];
    for await (const page of service.listTables().byPage({ maxPageSize: 1 })) {
      pages.push(page.map((table) => table.name));
    }
    const filtered = [];
    for await (const table of service.listTables({ queryOptions: { filter: odata`TableName eq ${"Second"}` } })) {
      filtered.push(table.name);
    }
    return { pages, filtered };
  },

  async deleteTable() {
    await service.deleteTable("first");
    await service.deleteTable("second");
    await service.deleteTable("second");
    return rows(service.listTables());
  },

  async getProperties() {
    return Object.keys(await service.getProperties())
      .filter((name) => /^(cors|logging|hourMetrics|minuteMetrics)$/.test(name))
      .sort();
  },

  async setProperties() {
    const properties = await service.getProperties();
    properties.logging = {
      version: "1.0",
      read: true,
      write: false,
      delete: false,
      retentionPolicy: { enabled: true, days: 3 },
    };
    await service.setProperties({ logging: properties.logging });
    return (await service.getProperties()).logging.retentionPolicy.days;
  },

  async getStatistics() {
    return (await service.getStatistics()).geoReplication.status;
  },
};

const tableOperations = {
  async createTable() {
    const table = await newTable();
    await table.createTable();
    return table.tableName;
  },

  async deleteTable() {
    const table = await newTable();
    await table.deleteTable();
    await table.deleteTable();
    return refusal(table.getEntity("p", "r"));
  },

  async createEntity() {
    const table = await newTable();
    const etag = (await table.createEntity(one)).etag;
    return [etag.startsWith("W/"), await refusal(table.createEntity(one))];
  },

  async getEntity() {
    const table = await newTable();
    const sent = {
      partitionKey: "it's %+",
      rowKey: "é 😀",
      text: "x",
      int: 5,
      double: 2.5,
      even: { type: "Double", value: "3" },
      yes: true,
      big: 9007199254740993n,
      at: new Date("2026-01-02T03:04:05.678Z"),
      data: new Uint8Array([0, 255]),
      id: { type: "Guid", value: "c9da6455-213d-42c9-9a79-3e9149a57833" },
    };
    await table.createEntity(sent);
    const { big, at, data, etag, timestamp, ...found } = await table.getEntity(sent.partitionKey, sent.rowKey);
    const part = await table.getEntity(sent.partitionKey, sent.rowKey, { queryOptions: { select: ["int", "absent"] } });
    const typed = await table.getEntity(sent.partitionKey, sent.rowKey, { disableTypeConversion: true });
    return {
      kept: [
        found.text,
        found.int,
        found.double,
        found.even,
        found.yes,
        found.id.value ?? found.id,
        found.partitionKey,
        found.rowKey,
      ],
      big: String(big),
      at: at.toISOString(),
      data: [...data],
      part: [part.int, part.text ?? null],
      typed: typed.double.type,
      etag: etag.startsWith("W/"),
      timestamp: typeof timestamp,
    };
  },

  async updateEntity() {
    const table = await newTable();
    const { etag } = await table.createEntity(one);
    await table.updateEntity({ ...one, n: 2 }, "Merge", { etag });
    const refused = await refusal(table.updateEntity({ ...one, n: 3 }, "Replace", { etag }));
    await table.updateEntity({ partitionKey: "p", rowKey: "r", m: 1 }, "Replace");
    const { n, m } = await table.getEntity("p", "r");
    return [refused, n ?? null, m, await refusal(table.updateEntity({ partitionKey: "p", rowKey: "absent" }))];
  },

  async upsertEntity() {
    const table = await newTable();
    await table.upsertEntity(one);
    await table.upsertEntity({ partitionKey: "p", rowKey: "r", m: 1 }, "Merge");
    const merged = await table.getEntity("p", "r");
    await table.upsertEntity({ partitionKey: "p", rowKey: "r", m: 2 }, "Replace");
    const { n, m } = await table.getEntity("p", "r");
    return [merged.n, merged.m, n ?? null, m];
  },

  async deleteEntity() {
    const table = await newTable();
    const { etag } = await table.createEntity(one);
    await table.updateEntity({ ...one, n: 2 });
    const refused = await refusal(table.deleteEntity("p", "r", { etag }));
    await table.deleteEntity("p", "r");
    return [refused, await refusal(table.deleteEntity("p", "r"))];
  },

  async listEntities() {
    const table = await newTable();
    for (const n of [3, 1, 2]) await table.createEntity({ partitionKey: "p", rowKey: `m-${n}`, n, big: BigInt(n) });
    const pages = [];
    let token;
    for await (const page of table.listEntities().byPage({ maxPageSize: 2 })) {
      pages.push(page.map((entity) => entity.rowKey));
      token ??= page.continuationToken;
    }
    const resumed = await table.listEntities().byPage({ maxPageSize: 2, continuationToken: token }).next();
    const filter = odata`PartitionKey eq ${"p"} and n ge ${2} and big lt ${3n}`;
    return {
      pages,
      resumed: resumed.value.map((entity) => entity.rowKey),
      filtered: await rows(table.listEntities({ queryOptions: { filter } })),
      refused: await refusal(rows(table.listEntities({ queryOptions: { filter: "n eq" } }))),
    };
  },

  async submitTransaction() {
    const table = await newTable();
    for (const rowKey of ["a", "b"]) await table.createEntity({ partitionKey: "p", rowKey, n: 1 });
    const transaction = new TableTransaction();
    transaction.createEntity({ partitionKey: "p", rowKey: "new", text: "é😀" });
    transaction.updateEntity({ partitionKey: "p", rowKey: "a", m: 1 }, "Merge");
    transaction.upsertEntity({ partitionKey: "p", rowKey: "up" }, "Replace");
    transaction.deleteEntity("p", "b");
    const result = await table.submitTransaction(transaction.actions);
    const refused = await refusal(
      table.submitTransaction([
        ["create", { partitionKey: "p", rowKey: "x" }],
        ["create", { partitionKey: "p", rowKey: "a" }],
      ]),
    );
    return {
      statuses: result.subResponses.map((part) => part.status),
      etag: result.getResponseForEntity("new").etag.startsWith("W/"),
      refused: refused[0],
      rows: await rows(table.listEntities()),
      text: (await table.getEntity("p", "new")).text,
    };
  },

  async setAccessPolicy() {
    const table = await newTable();
    await table.setAccessPolicy([
      { id: "readers", accessPolicy: { permission: "r", start: new Date(0), expiry: new Date(1e12) } },
    ]);
    return (await table.getAccessPolicy()).map(({ id, accessPolicy }) => [id, accessPolicy.permission]);
  },

  async getAccessPolicy() {
    return Array.from(await (await newTable()).getAccessPolicy());
  },

  async signature() {
    const table = await newTable();
    const credential = new AzureNamedKeyCredential(account, key);
    const sas = generateTableSas(table.tableName, credential, {
      permissions: { query: true },
      expiresOn: new Date(Date.now() + 60_000),
    });
    const reader = new TableClient(`${endpoint.replace(/\/$/, "")}?${sas}`, table.tableName, options);
    return [await rows(reader.listEntities()), (await refusal(reader.createEntity(one)))[0]];
  },
};

// What is private in TypeScript is left out: `_listTables`, and the steps `…All` and `…Page` of a listing.
function publicNames(object) {
  const names = Object.getOwnPropertyNames(Object.getPrototypeOf(object));
  return names.filter((name) => name !== "constructor" && !/^_|(All|Page)$/.test(name)).sort();
}

for (const [of, operations] of [
  ["service", serviceOperations],
  ["table", tableOperations],
]) {
  for (const [operation, story] of Object.entries(operations)) {
    report("operation", { of, operation, saw: await story() });
  }
}
report("offered", { service: publicNames(service), table: publicNames(await newTable()) });
report("end");
process.exit(0);
