// Reads a file of records with a reader of npm.
//
// The wish: { format: "csv" | "xlsx" | "parquet", file }.
// The answer: a line { row: […] } for each row, the names of the columns first. Integers of 64 bits are texts.

import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { readSheet } from "read-excel-file/node";
import { say, wish } from "./wish.mjs";

const readers = {
  csv: async (file) => parse(readFileSync(file)),
  xlsx: async (file) => readSheet(file, { trim: false }),
  parquet: async (name) => {
    const file = await asyncBufferFromFile(name);
    const columns = parquetSchema(await parquetMetadataAsync(file)).children.map((child) => child.element.name);
    const rows = await parquetReadObjects({ file });
    return [columns, ...rows.map((row) => columns.map((column) => row[column]))];
  },
};

for (const row of await readers[wish.format](wish.file)) {
  say({ row: row.map((value) => (typeof value === "bigint" ? String(value) : value)) });
}
