/**
 * What of a source map goes with a function.
 */
import vm from 'node:vm';
import { expect, it } from 'vitest';
import { encodeFunction } from '../../src/functions/index.ts';
import type { CodeNode, FunctionPayload } from '../../src/functions/payload.ts';

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** A number of a source map, as ECMA-426 writes it. */
function digits(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let text = '';
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += DIGITS[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return text;
}

it('takes only the part of a map that is about the function, also where all is one line', () => {
  const count = 1000;
  const pieces = Array.from({ length: count }, (_, i) => `(x)=>{return x+${i};}`);
  let mappings = '';
  for (const i of pieces.keys()) {
    // Two places in each piece: its beginning, and its statement, a line further in the source.
    const step = i === 0 ? 1 : pieces[i - 1]!.length + 1 - 6;
    mappings += `${i === 0 ? '' : ','}${digits(step)}A${digits(i === 0 ? 0 : 1)}A`;
    mappings += `,${digits(6)}A${digits(1)}A`;
  }
  const map = { version: 3, sources: ['/made/up.ts'], names: [], mappings };
  const url = Buffer.from(JSON.stringify(map)).toString('base64');
  const code = `[${pieces.join(',')}]\n//# sourceMappingURL=data:application/json;base64,${url}`;
  const functions = vm.runInThisContext(code, { filename: '/made/up.js' }) as (() => number)[];
  const payload = encodeFunction(functions[500]!, { to: 'process' }) as FunctionPayload;
  const { origin } = payload.nodes[0] as CodeNode;
  expect(origin?.map?.sources).toEqual(['/made/up.ts']);
  const segments = origin!.map!.lines.flat();
  // Its own two, and perhaps a neighbour's.
  expect(segments.length).toBeGreaterThanOrEqual(2);
  expect(segments.length).toBeLessThanOrEqual(4);
  expect(segments.map(([, , line]) => line)).toEqual(expect.arrayContaining([1000, 1001]));
});
