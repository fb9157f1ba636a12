/**
 * What the tests of engines share. All of them run with every transport that there is: one that is added
 * to this table has to give the same.
 */
import '../helpers/built.ts';
import { readFileSync } from 'node:fs';
import { type Client, Cluster, type ClusterOptions } from 'heddle/cluster';
import { afterAll, beforeAll } from 'vitest';

/** Starts engines. */
export type Start = (options: ClusterOptions) => Promise<Cluster>;

/** The transports, by what starts engines behind each. */
export const transports: readonly (readonly [name: string, start: Start])[] = [
  ['local', (options) => Cluster.start(options)],
];

/**
 * Has engines up while the tests of a block run.
 *
 * @param there - is given them before the first of the tests
 */
export function withEngines(
  start: Start,
  n: number,
  there: (started: { readonly cluster: Cluster; readonly client: Client }) => void,
): void {
  let cluster: Cluster;
  beforeAll(async () => {
    cluster = await start({ n });
    there({ cluster, client: await cluster.client() });
  });
  afterAll(() => cluster.stop());
}

/** What a call failed with; throws where it has not failed. */
export async function failure(call: PromiseLike<unknown>): Promise<Error & { errors: Error[] }> {
  return await Promise.resolve(call).then(
    (value) => {
      throw new Error(`expected an error, got ${String(value)}`);
    },
    (error: Error & { errors: Error[] }) => error,
  );
}

/** Whether a process is there. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Whether a process has ended, waited for or not. */
export function hasEnded(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
