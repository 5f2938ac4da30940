// What to tell people about the connection: { tone, text, wait? (seconds), action? }.
export function status(link, { auth }, now, online) {
  const kept = "What you send is kept.";
  switch (link.name) {
    case "live":
      return auth === "open" ? { tone: "live", text: "Live · local demo: anyone can use any name" } : { tone: "live", text: "Live" };
    case "connecting":
      return { tone: "wait", text: "Connecting…" };
    case "signed out":
      return { tone: "bad", text: `You are signed out. ${kept}`, action: "sign in" };
  }
  const wait = Math.max(0, Math.ceil((link.at - now) / 1000));
  if (link.refused) return { tone: "bad", text: link.refused, wait, action: "retry" };
  return { tone: "wait", text: `${online ? "Reconnecting" : "You are offline"}. ${kept}`, wait, action: wait && "retry" };
}
