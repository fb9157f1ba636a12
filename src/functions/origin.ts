/**
 * Where a function's text was written, so that error stacks of workers name its file and lines.
 *
 * The source map format is that of ECMA-426.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMeasured } from './coverage.ts';
import { startOf } from './declarations.ts';
import type { Location, Script } from './inspect.ts';
import type { Origin } from './payload.ts';
import type { Source } from './source.ts';

type Segment = readonly [column: number, source: number, line: number, sourceColumn: number];

interface SourceMap {
  readonly sources: readonly string[];
  readonly lines: readonly (readonly Segment[])[];
}

const maps = new Map<string, SourceMap | null>();

/** The origin of a function's text. */
export function originOf(source: Source, location: Location | null): Origin | null {
  if (!location?.script?.url) return null;
  const { script } = location;
  const before = source.code.slice(source.lead, source.anchor);
  const breaks = before.split('\n').length - 1;
  const line = location.line - breaks;
  // With a line break before the parameters the column can't be told from theirs; rare enough.
  const column = breaks > 0 ? 0 : location.column - before.length;
  const offset = isMeasured() ? startOf(location, source) : -1;
  const origin = { file: script.url, line, column, ...(offset < 0 ? {} : { offset }) };
  const map = mapOf(script);
  if (!map) return origin;
  // A compiler may write a whole file on one line: only the function's own part goes with it.
  const text = source.code.split('\n');
  const lines = map.lines.slice(line, line + text.length).map((segments, i) => {
    const from = i === 0 ? column : 0;
    return part(segments, from, i === text.length - 1 ? from + text[i]!.length : Infinity);
  });
  const used = [...new Set(lines.flatMap((segments) => segments.map((segment) => segment[1])))];
  if (used.length === 0) return origin;
  return {
    ...origin,
    map: {
      sources: used.map((index) => map.sources[index] ?? script.url),
      lines: lines.map((segments) =>
        segments.map(([at, index, l, c]) => [at, used.indexOf(index), l, c] as const),
      ),
    },
  };
}

/** The segments of a line that say something about columns from `from` to `to`. */
function part(segments: readonly Segment[], from: number, to: number): readonly Segment[] {
  let first = segments.findIndex(([column]) => column > from);
  if (first < 0) first = segments.length;
  const end = segments.findIndex(([column], i) => i >= first && column > to);
  return segments.slice(Math.max(first - 1, 0), end < 0 ? segments.length : end);
}

function mapOf(script: Script): SourceMap | null {
  let map = maps.get(script.id);
  if (map === undefined) {
    try {
      map = script.sourceMapUrl ? readMap(script) : null;
    } catch {
      map = null; // A map that is missing or damaged is no reason to fail.
    }
    maps.set(script.id, map);
  }
  return map;
}

function readMap(script: Script): SourceMap | null {
  const folder = script.url.startsWith('file:')
    ? fileURLToPath(script.url.replace(/[?#].*$/, ''))
    : script.url;
  const inline = /^data:[^,]*?(;base64)?,(.*)$/s.exec(script.sourceMapUrl);
  const text = inline
    ? inline[1]
      ? Buffer.from(inline[2]!, 'base64').toString('utf8')
      : decodeURIComponent(inline[2]!)
    : readFileSync(path.resolve(path.dirname(folder), script.sourceMapUrl), 'utf8');
  const json = JSON.parse(text) as {
    sources: (string | null)[];
    sourceRoot?: string;
    mappings: string;
  };
  if (typeof json.mappings !== 'string') return null;
  const root = json.sourceRoot ?? '';
  return {
    sources: json.sources.map((name) => {
      const full = root + (name ?? '');
      if (/^[a-z][a-z0-9+.-]+:/i.test(full) || path.isAbsolute(full)) return full;
      return path.resolve(path.dirname(folder), full);
    }),
    lines: decodeMappings(json.mappings),
  };
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = new Uint8Array(128).fill(255);
for (let i = 0; i < DIGITS.length; i++) values[DIGITS.charCodeAt(i)] = i;

/** Decodes base-64 variable-length quantities: lines of segments of up to five numbers. */
export function decodeMappings(text: string): Segment[][] {
  const lines: Segment[][] = [];
  let [source, line, sourceColumn] = [0, 0, 0];
  for (const group of text.split(';')) {
    const segments: Segment[] = [];
    let column = 0;
    let at = 0;
    while (at < group.length) {
      const fields: number[] = [];
      while (at < group.length && group[at] !== ',') {
        let value = 0;
        let shift = 0;
        for (let more = true; more && at < group.length; at++) {
          const digit = values[group.charCodeAt(at)]!;
          more = (digit & 32) !== 0;
          value |= (digit & 31) << shift;
          shift += 5;
        }
        fields.push(value & 1 ? -(value >>> 1) : value >>> 1);
      }
      at++;
      column += fields[0] ?? 0;
      if (fields.length < 4) continue;
      source += fields[1]!;
      line += fields[2]!;
      sourceColumn += fields[3]!;
      segments.push([column, source, line, sourceColumn]);
    }
    lines.push(segments);
  }
  return lines;
}
