// Reads a file of records with an npm package for its format.
//
// Input: { format: "csv" | "xlsx" | "parquet", file }.
// Output: a line { row: […] } for each row, the names of the columns first. 64-bit integers are strings.

import { readFileSync } from "node:fs";
import { parse } from "csv-parse/sync";
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects, parquetSchema } from "hyparquet";
import { readSheet } from "read-excel-file/node";
import { input, print } from "./script.mjs";

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

for (const row of await readers[input.format](input.file)) {
  print({ row: row.map((value) => (typeof value === "bigint" ? String(value) : value)) });
}
