/**
 * Answers requests: the page and what it asks for.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { admit, SAFE_HEADERS } from './access.ts';
import { asset } from './assets.ts';
import type { Source } from './messages.ts';
import { EVENTS, streamTo } from './stream.ts';

/** Answers a request for what changes: `events`, `memory.json`, `graph.json`, `metrics`, `trace.json`. */
export type Answer = (
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
) => void | Promise<void>;

function end(response: ServerResponse, status: number, type: string, body: string | Buffer): void {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(response.req.method === 'HEAD' ? undefined : body);
}

/** Says why there is no answer. */
export function refuse(response: ServerResponse, status: number, why: string): void {
  end(response, status, 'text/plain; charset=utf-8', `${why}\n`);
}

/** Answers what a source knows. */
export function answerOf(source: Source): Answer {
  const json = 'application/json';
  return (name, request, response) => {
    switch (name) {
      case 'events':
        if (request.method === 'HEAD') return end(response, 200, EVENTS, '');
        return streamTo(response, source);
      case 'memory.json':
        return end(response, 200, json, JSON.stringify(source.memory()));
      case 'graph.json': {
        const run = new URL(request.url ?? '', 'http://localhost').searchParams.get('run');
        return end(response, 200, json, JSON.stringify(source.graph(Number(run))));
      }
      case 'trace.json':
        response.setHeader('content-disposition', 'attachment; filename="heddle-trace.json"');
        return end(response, 200, json, source.trace());
      case 'metrics':
        return end(response, 200, 'text/plain; version=0.0.4; charset=utf-8', source.metrics());
      default:
        return refuse(response, 404, 'there is nothing of this name');
    }
  };
}

/**
 * A server of the page, which is not listening yet.
 *
 * @param token - who asks has to have it
 * @param answer - answers what is no file of the page
 */
export function pageServer(token: string, answer: Answer): Server {
  return createServer((request, response) => {
    for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value!);
    const name = admit(request, token);
    if (typeof name !== 'string') {
      refuse(response, name.status, name.why);
      return;
    }
    respond(name, request, response, answer).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, 500, error instanceof Error ? error.message : 'an error');
    });
  });
}

async function respond(
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
): Promise<void> {
  const file = await asset(name === '' ? 'index.html' : name);
  if (file) end(response, 200, file.type, file.body);
  else await answer(name, request, response);
}

/** Listens on this machine alone. */
export function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Neither it nor a page that is open keeps up a program that is done.
    server.on('connection', (socket) => socket.unref());
    server.listen({ port, host: '127.0.0.1' }, () => {
      server.off('error', reject);
      server.unref();
      resolve((server.address() as { port: number }).port);
    });
  });
}

/** Ends a server, and the answers that never end. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
