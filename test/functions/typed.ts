/**
 * A program in TypeScript that is run in many ways, and what it has to give in each.
 */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { run } from './programs.ts';

/** Its sources, from here. */
export const TYPED = './typed';

const source = readFileSync(new URL(`${TYPED}/workers.ts`, import.meta.url), 'utf8').split('\n');
/** The line that throws. */
export const LINE = source.findIndex((text) => text.includes('THE LINE')) + 1;

export interface Output {
  readonly results: unknown;
  readonly stack: string;
  readonly away: boolean;
}

export const RESULTS = {
  inline: [6, 7, 8],
  through: [20, 40, 60],
  imported: [20, 40, 60],
  referred: [20, 40, 60],
  predicted: [27, 47, 67],
  method: [28, 48, 68],
};

export function expectOutput({ results, stack, away }: Output): void {
  expect(results).toEqual(RESULTS);
  expect(stack).toMatch(/^RangeError: marked/);
  // It ran elsewhere, and not in the process or thread that asked for it.
  expect(away).toBe(true);
}

/** Runs the program with both backends. */
export async function runTyped(node: string, ...args: string[]): Promise<readonly Output[]> {
  const outputs: Output[] = [];
  for (const backend of ['processes', 'threads']) {
    const { stdout, stderr } = await run(node, [...args, backend]);
    expect(stderr).toBe('');
    const output = JSON.parse(stdout) as Output;
    expectOutput(output);
    outputs.push(output);
  }
  return outputs;
}
