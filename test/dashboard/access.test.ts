/**
 * Who gets an answer from the page's server, and what goes with each answer.
 */
import '../helpers/built.ts';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { map, shutdownWorkers } from 'heddle';
import { type Dashboard, dashboard, snapshot } from 'heddle/dashboard';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let board: Dashboard;
let port: number;
let token: string;

beforeAll(async () => {
  board = await dashboard();
  const url = new URL(board.url);
  port = Number(url.port);
  token = url.pathname.slice(1, -1);
});
afterAll(async () => {
  await board.close();
  shutdownWorkers();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(
  path: string,
  options: { headers?: Record<string, string>; method?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest({ host: '127.0.0.1', port, path, ...options }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part) => {
        body += part;
      });
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body }),
      );
    });
    sent.on('error', reject);
    sent.end();
  });
}

const files = [
  '',
  'page.js',
  'styles.css',
  'icon.svg',
  'memory.json',
  'metrics',
  'trace.json',
  'graph.json?run=1',
];

it.each(files)(
  'answers /%s to who has the token, with nothing from elsewhere let in',
  async (name) => {
    const { status, headers } = await ask(`/${token}/${name}`);
    expect(status).toBe(200);
    const policy = headers['content-security-policy'];
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain('unsafe');
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  },
);

describe.each([...files, 'events'])('of /%s', (name) => {
  it.each([
    ['no token', () => `/${name}`, {}, 403],
    ['a wrong token', () => `/${'A'.repeat(token.length)}/${name}`, {}, 403],
    ['the beginning of the token', () => `/${token.slice(0, -1)}/${name}`, {}, 403],
    ['the token as a parameter', () => `/?token=${token}`, {}, 403],
    ['a wrong bearer', () => `/${name}`, { authorization: 'Bearer nonsense' }, 403],
    ['another host', () => `/${token}/${name}`, { host: 'heddle.example' }, 421],
    [
      'another host with the port',
      () => `/${token}/${name}`,
      { host: `heddle.example:${port}` },
      421,
    ],
    ['a host that begins like ours', () => `/${token}/${name}`, { host: '127.0.0.1.example' }, 421],
    [
      'a page of another site',
      () => `/${token}/${name}`,
      { origin: 'https://heddle.example' },
      403,
    ],
    ['a page without an origin', () => `/${token}/${name}`, { origin: 'null' }, 403],
  ])('refuses %s', async (_, path, headers, status) => {
    const answer = await ask(path(), { headers: headers as Record<string, string> });
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^text\/plain/);
    expect(answer.body).not.toContain(token);
  });
});

it.each([...files, 'events'])('answers HEAD of /%s without a body, and at once', async (name) => {
  const { status, body } = await ask(`/${token}/${name}`, { method: 'HEAD' });
  expect([status, body]).toEqual([200, '']);
});

it.each(['POST', 'PUT', 'DELETE', 'OPTIONS'])('has nothing for %s', async (method) => {
  expect((await ask(`/${token}/`, { method })).status).toBe(405);
});

it.each([
  '../../package.json',
  '..%2f..%2fpackage.json',
  'page.ts',
  '__proto__',
  'constructor',
  'index.html/../page.js',
])('has no file %s', async (name) => {
  const { status, body } = await ask(`/${token}/${name}`);
  expect(status).toBe(404);
  expect(body).not.toContain('heddle"');
});

it('takes a tunnel’s port, localhost, and a bearer for Prometheus', async () => {
  for (const host of ['localhost:9999', '127.0.0.1', '[::1]:80']) {
    expect((await ask(`/${token}/metrics`, { headers: { host } })).status).toBe(200);
  }
  const { status, body } = await ask('/metrics', { headers: { authorization: `Bearer ${token}` } });
  expect(status).toBe(200);
  expect(body).toMatch(
    /^# HELP heddle_runs_total .*\n# TYPE heddle_runs_total counter\nheddle_runs_total \d+$/m,
  );
});

it('listens on this machine alone', async () => {
  const others = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family }) => !internal && family === 'IPv4');
  for (const { address } of others) {
    const outcome = await new Promise<string>((resolve) => {
      const socket = connect({ host: address, port });
      socket.on('connect', () => resolve('connected'));
      socket.on('error', ({ code }: NodeJS.ErrnoException) => resolve(code ?? 'error'));
    });
    expect(outcome).toBe('ECONNREFUSED');
  }
});

it('survives what is no request', async () => {
  const socket = connect({ host: '127.0.0.1', port });
  socket.end(`GET /${token}/ nonsense\r\n\r\n\0\0\0`);
  await new Promise((resolve) => socket.on('close', resolve).resume());
  expect((await ask(`/${token}/`)).status).toBe(200);
});

it('gives the trace as Perfetto reads it, and counts that grow', async () => {
  const counted = async (): Promise<number> => {
    const { body } = await ask(`/${token}/metrics`);
    return Number(/^heddle_tasks_finished_total (\d+)$/m.exec(body)![1]);
  };
  const before = await counted();
  const name = 'quoted "name"\n';
  await map([1, 2, 3], (x) => x, { backend: 'threads', jobs: 2, label: name, pool: name });
  expect((await counted()) - before).toBe(3);
  const { body } = await ask(`/${token}/metrics`);
  expect(body).toContain('heddle_pool_queue{backend="threads",pool="quoted \\"name\\"\\n"} 0\n');
  const trace = JSON.parse((await ask(`/${token}/trace.json`)).body) as {
    traceEvents: {
      name: string;
      ph: string;
      tid?: number;
      dur?: number;
      args: Record<string, number>;
    }[];
  };
  const slices = trace.traceEvents.filter((event) => event.ph === 'X' && event.name === name);
  expect(slices.reduce((sum, { args }) => sum + args.tasks!, 0)).toBe(3);
  const rows = new Set(trace.traceEvents.filter((event) => event.ph === 'M').map(({ tid }) => tid));
  for (const { tid, dur } of slices) {
    expect(rows.has(tid)).toBe(true);
    expect(dur).toBeGreaterThanOrEqual(0);
  }
});

it('takes a port and a token, and refuses those that make no sense', async () => {
  const chosen = 'a-token_that-stays-1';
  const other = await dashboard({ token: chosen });
  expect(other.url).toMatch(new RegExp(`^http://127\\.0\\.0\\.1:\\d+/${chosen}/$`));
  const taken = Number(new URL(other.url).port);
  await expect(dashboard({ port: taken })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await other.close();
  await other.close();
  await using again = await dashboard({ port: taken });
  expect(new URL(again.url).port).toBe(String(taken));
  for (const wrong of ['short', 'with a blank in it ...', '../../../../../..']) {
    const error = await dashboard({ token: wrong }).catch((e: unknown) => e as Error);
    expect(error).toBeInstanceOf(RangeError);
    expect((error as Error).message).not.toContain(wrong);
  }
  await expect(dashboard({ port: 70_000 })).rejects.toThrow(/port/);
  await expect(dashboard({ prot: 1 } as never)).rejects.toThrow(/did you mean 'port'/);
});

it('gives a snapshot of pools and executor that is plain data', async () => {
  await map([1, 2], (x) => x, { backend: 'threads', jobs: 2 });
  const taken = snapshot();
  expect(JSON.parse(JSON.stringify(taken))).toEqual(taken);
  expect(taken.pid).toBe(process.pid);
  expect(taken.executor.budget).toBe(taken.cores);
  const pool = taken.pools.find(({ backend, name }) => backend === 'threads' && name === null)!;
  expect(pool.tasks.finished).toBe(2);
  const workers = taken.workers.filter(
    ({ backend, pool: of }) => backend === 'threads' && of === null,
  );
  expect(workers.length).toBe(pool.workers.idle + pool.workers.busy + pool.workers.starting);
});
