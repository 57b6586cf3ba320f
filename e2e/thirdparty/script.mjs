// Input and output of the scripts in this folder.

import { text } from "node:stream/consumers";

/** The JSON object on standard input. */
export const input = JSON.parse(await text(process.stdin));

/** Writes one JSON object as a line to standard output. */
export function print(object) {
  process.stdout.write(JSON.stringify(object) + "\n");
}
