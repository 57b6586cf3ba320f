// Subscribes to server-sent events with the EventSource of npm until the server closes the stream for good.
//
// Input: { url }.
// Output: { open: true } for each connection, { id, event, data } for each event, { closed: code } at the end.

import { EventSource } from "eventsource";
import { input, print } from "./script.mjs";

const source = new EventSource(input.url);
source.addEventListener("open", () => print({ open: true }));
for (const event of ["message", "progress", "finished"]) {
  source.addEventListener(event, ({ data, lastEventId }) => print({ id: lastEventId, event, data }));
}
source.addEventListener("error", ({ code }) => {
  if (source.readyState === EventSource.CLOSED) {
    print({ closed: code ?? 0 });
  }
});
