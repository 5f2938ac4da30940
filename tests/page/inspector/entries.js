// Entries for the tests of the inspector's page, as the service summarizes them.

export function anEntry(id, fields = {}) {
  return {
    id,
    kind: "webhook",
    hub: "chat",
    began: 1000 + id,
    ms: 1,
    inProgress: false,
    title: "user.message",
    connection: `connection-${id}`,
    user: "ana",
    status: "204",
    error: null,
    ok: true,
    routine: false,
    excerpt: "good morning",
    receiverCount: 0,
    receivers: [],
    ...fields,
  };
}

export function someEntries(count, fieldsOf = () => ({})) {
  return Array.from({ length: count }, (_, index) => anEntry(index + 1, fieldsOf(index + 1)));
}
