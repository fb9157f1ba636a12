/**
 * Calls and answers on their way: flat lists, of so many entries each.
 */
import type { Connection } from '../../connection/index.ts';

/** Entries of a call: its id, the object, the method, the arguments. */
export const CALL_ENTRIES = 4;

/** Entries of an answer: the call's id, what came of it, its value. */
export const ANSWER_ENTRIES = 3;

/**
 * Sends a list; where it is too long, in pieces.
 *
 * @param entries - of each piece that has to stay whole
 * @param failed - is told of a piece that is too long by itself, or can't be sent for another reason
 */
export async function sendBatch(
  connection: Connection,
  batch: readonly unknown[],
  entries: number,
  failed: (piece: readonly unknown[], error: unknown) => void,
): Promise<void> {
  try {
    await connection.send(batch);
  } catch (error) {
    // Those who wait are told when the connection ends.
    if (connection.closed) return;
    if (batch.length <= entries) {
      failed(batch, error);
      return;
    }
    for (let at = 0; at < batch.length; at += entries) {
      await sendBatch(connection, batch.slice(at, at + entries), entries, failed);
    }
  }
}
