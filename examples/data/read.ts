/** Reads the data of the examples. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

/** The numbers of a compressed table, row after row, and how many are in a row. */
export function readTable(name: string): { values: Float64Array; columns: number } {
  const text = gunzipSync(readFileSync(new URL(name, import.meta.url))).toString();
  const rows = text.trim().split('\n');
  const split = (row: string) =>
    row
      .trim()
      .split(/[\s,]+/)
      .map(Number);
  return {
    values: Float64Array.from(rows.flatMap(split)),
    columns: split(rows[0] as string).length,
  };
}
