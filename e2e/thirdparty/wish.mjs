// What a script is asked for, and how it answers.

import { text } from "node:stream/consumers";

/** The JSON object on the standard input. */
export const wish = JSON.parse(await text(process.stdin));

/** Writes one JSON object as a line. */
export function say(object) {
  process.stdout.write(JSON.stringify(object) + "\n");
}
