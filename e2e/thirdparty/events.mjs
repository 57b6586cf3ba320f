// Listens to server-sent events with the EventSource of npm, until the server says that there will be no more.
//
// The wish: { url }.
// The answer: { open: true } for each connection, { id, event, data } for each event, { closed: code } at the end.

import { EventSource } from "eventsource";
import { say, wish } from "./wish.mjs";

const source = new EventSource(wish.url);
source.addEventListener("open", () => say({ open: true }));
for (const event of ["message", "progress", "finished"]) {
  source.addEventListener(event, ({ data, lastEventId }) => say({ id: lastEventId, event, data }));
}
source.addEventListener("error", ({ code }) => {
  if (source.readyState === EventSource.CLOSED) {
    say({ closed: code ?? 0 });
  }
});
