/**
 * The newest state for a page, again and again, as server-sent events. A page that is slow gets the newest
 * state and no backlog: while what was written has not left, nothing is written.
 */
import type { ServerResponse } from 'node:http';
import type { Source } from './messages.ts';

export const EVENTS = 'text/event-stream; charset=utf-8';

/** Between two messages. */
const PERIOD_MS = 200;

/** Feeds a page until it is closed. */
export function streamTo(response: ServerResponse, source: Source): void {
  const cursor = { slices: 0, spans: 0, samples: 0, logs: 0, errors: 0 };
  let free = true;
  response.writeHead(200, { 'content-type': EVENTS });
  // A page that has lost its program asks again soon.
  response.write('retry: 500\n\n');
  const send = (): void => {
    if (!free) return;
    free = response.write(`data: ${JSON.stringify(source.message(cursor))}\n\n`);
  };
  response.on('drain', () => {
    free = true;
  });
  const timer = setInterval(send, PERIOD_MS);
  // The page must not keep up a program that is done.
  timer.unref();
  response.on('close', () => clearInterval(timer));
  send();
}
