/** Waiting for several connections. */
import { typeError } from '../errors.ts';
import { Connection, checkWait, inboxOf, type WaitOptions, waitFor } from './connection.ts';

/**
 * Waits until something has come on one of several connections, or one of them has ended.
 *
 * @param options - `timeout` in milliseconds, 0 for only a look; `signal`
 * @returns those whose `receive` would have something at once, an error at the end included; none when
 *   the time is up
 * @throws the signal's reason
 * @example
 * ```ts
 * for (const connection of await wait(connections)) handle(await connection.receive());
 * ```
 */
export async function wait(
  connections: Iterable<Connection>,
  options?: WaitOptions,
): Promise<Connection[]> {
  const limits = checkWait(options);
  const list = [...connections];
  for (const connection of list) {
    if (!(connection instanceof Connection)) {
      throw typeError('connections', connection, 'connections of connect() or accept()');
    }
  }
  const ready = await waitFor(list.map(inboxOf), limits);
  return ready.map((index) => list[index]!);
}
