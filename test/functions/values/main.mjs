/**
 * Values that look like none, in every place where a value may stand: workers give what the calling
 * process gives. Prints what differs, and how much was compared.
 */
// biome-ignore-all lint/suspicious/noSparseArray: holes are among what is tested
// biome-ignore-all lint/correctness/noUnusedFunctionParameters: parameters are among it, too
import { inspect, isDeepStrictEqual } from 'node:util';
import { bind, imap, map, share, shutdownWorkers } from 'heddle';
import { Queue } from 'heddle/sync';
import * as ns from './values.mjs';
import dflt, { bz, e, f, n, nan, nz, u, values, z } from './values.mjs';

const differences = [];
let count = 0;

/** Compares the backends, and with what it has to be where that can be said. */
async function check(title, run, ...expected) {
  const found = {};
  for (const backend of ['sequential', 'threads', 'processes']) {
    try {
      found[backend] = await run({ jobs: backend === 'sequential' ? 1 : 2, backend });
    } catch (thrown) {
      found[backend] =
        thrown instanceof Error
          ? { thrown: [thrown.name, thrown.message, 'cause' in thrown, thrown.cause] }
          : { thrown };
    }
  }
  const right = expected.length > 0 ? expected[0] : found.sequential;
  for (const [backend, value] of Object.entries(found)) {
    count++;
    if (!isDeepStrictEqual(value, right)) {
      differences.push([title, backend, inspect(value), inspect(right)]);
    }
  }
}

await check(
  'tasks',
  (o) => map(values, (x) => [x, typeof x], o),
  values.map((x) => [x, typeof x]),
);
await check('results', (o) => map(values, (x) => x, o), values);
await check('same results', (o) => Promise.all(values.map((v) => map([1, 2, 3], () => v, o))));
await check('mixed', (o) =>
  map([1, 2], () => [u, n, z, e, nan, f, nz, bz, dflt, ns.default, ns.u, ns.nz], o),
);
await check('nested', (o) =>
  map(
    [1],
    (x) => [
      { u, n, z, e, nan, f, nz, bz },
      new Map([
        [u, n],
        [n, u],
        [nan, z],
      ]),
      new Set([u, n, nan]),
    ],
    o,
  ),
);
await check('holes', (o) => map([[1, , 3]], (x) => [x, [, 1, undefined]], o));
for (const v of values) {
  const name = inspect(v);
  await check(
    `throw ${name}`,
    (o) =>
      map(
        [1],
        () => {
          throw v;
        },
        o,
      ).catch((e) => ['cause' in e, e.cause]),
    [true, v],
  );
  await check(`reject ${name}`, (o) =>
    map(
      [1],
      async () => {
        throw v;
      },
      o,
    ),
  );
  await check(`collect ${name}`, (o) =>
    map(
      [1, 2],
      (x) => {
        if (x > 1) throw v;
        return v;
      },
      { ...o, collectErrors: true },
    ).then((r) =>
      r.map((s) => ({
        ...s,
        reason: s.reason && [s.reason.name, s.reason.message, 'cause' in s.reason, s.reason.cause],
      })),
    ),
  );
  await check(
    `cause ${name}`,
    (o) =>
      map(
        [1],
        () => {
          throw new Error('m', { cause: v });
        },
        o,
      ).catch((e) => ['cause' in e.cause, e.cause.cause]),
    [true, v],
  );
  await check(`result cause ${name}`, (o) =>
    map([1], () => new Error('m', { cause: v }), o).then(([e]) => ['cause' in e, e.cause]),
  );
  await check(`aggregate ${name}`, (o) =>
    map([1], () => new AggregateError([v]), o).then(([e]) => [e.errors]),
  );
  await check(`error props ${name}`, (o) =>
    map([1], () => Object.assign(new Error(''), { a: v, code: v }), o).then(([e]) => [
      Object.keys(e),
      e.a,
      e.code,
      e.message,
    ]),
  );
  await check(`prop ${name}`, (o) =>
    map([{ a: v, default: v, value: v }], (x) => [x, Object.keys(x)], o),
  );
  await check(`static ${name}`, (o) => {
    class C {
      static s = v;
      field = v;
      static m() {
        return [C.s, 's' in C];
      }
    }
    return map([new C()], (x) => [C.m(), x.field, 'field' in x, Object.keys(x), x instanceof C], o);
  });
  await check(
    `patched ${name}`,
    (o) => {
      class C {
        static s = 5;
        go() {
          return 1;
        }
      }
      C.s = v;
      C.t = v;
      C.prototype.p = v;
      return map([1], () => [C.s, C.t, 't' in C, new C().p, 'p' in new C()], o);
    },
    [[v, v, true, v, true]],
  );
  await check(`fn prop ${name}`, (o) => {
    const g = (x) => x;
    g.k = v;
    return map([1], () => [g.k, 'k' in g], o);
  });
  await check(`es5 ${name}`, (o) => {
    function C() {
      this.a = v;
    }
    C.prototype.p = v;
    return map([new C()], (x) => [x.p, x.a, 'p' in x, 'a' in x, x instanceof C], o);
  });
  await check(`getter ${name}`, (o) => {
    const g = {
      get a() {
        return v;
      },
    };
    return map([1], () => [g.a, 'a' in g], o);
  });
  await check(`null proto ${name}`, (o) => {
    const g = Object.create(null);
    g.a = v;
    g[''] = v;
    return map([g], (x) => [Object.keys(x), x.a, x[''], Object.keys(g)], o);
  });
  await check(`symbol ${name}`, (o) => {
    const s = Symbol.for('q');
    const g = { [s]: v };
    return map([g], (x) => [s in x, x[s], s in g, g[s]], o);
  });
  await check(
    `bind ${name}`,
    (o) => {
      const k = v;
      return map(
        [1],
        bind({ k: v }, () => [k, typeof k]),
        o,
      );
    },
    [[v, typeof v]],
  );
  await check(
    `let ${name}`,
    (o) => {
      let a;
      a = v;
      var b = v;
      const c = v;
      return map([1], () => [a, b, c], o);
    },
    [[v, v, v]],
  );
  await check(`catch ${name}`, (o) => {
    try {
      throw v;
    } catch (c) {
      return map([1], () => [c], o);
    }
  });
  await check(`loop ${name}`, (o) => {
    for (const q of [v]) return map([1], () => [q], o);
  });
  await check(`default ${name}`, (o) => map([1], (x, i, y = v) => [Object.is(y, v)], o));
  await check(`generator ${name}`, (o) =>
    map(
      [1],
      () => {
        const gg = function* () {
          yield v;
          return v;
        };
        return [...gg(), gg().next()];
      },
      o,
    ),
  );
  await check(
    `imap ${name}`,
    async (o) => {
      const r = [];
      for await (const x of imap([v, 1, v], (x) => (x === 1 ? v : x), o)) r.push(x);
      return r;
    },
    [v, v, v],
  );
  await check(`imap unordered ${name}`, async (o) => {
    const r = [];
    for await (const x of imap([v, v], (x) => x, { ...o, ordered: false })) r.push(x);
    return r;
  });
  await check(`iterator tasks ${name}`, async (o) =>
    map(
      (function* () {
        yield v;
        yield v;
      })(),
      (x) => [x],
      o,
    ),
  );
  await check(`async tasks ${name}`, async (o) =>
    map(
      (async function* () {
        yield v;
        yield v;
      })(),
      (x) => [x],
      o,
    ),
  );
  await check(
    `source throws ${name}`,
    async (o) =>
      map(
        (function* () {
          yield 1;
          throw v;
        })(),
        (x) => [x],
        o,
      ).then(
        () => 'ok',
        (e) => ['rejected', e],
      ),
    ['rejected', v],
  );
  await check(
    `abort ${name}`,
    async (o) => {
      const c = new AbortController();
      c.abort(v);
      return map([1], (x) => x, { ...o, signal: c.signal }).then(
        () => 'ok',
        (e) => [Object.is(e, v) || e?.name],
      );
    },
    [v === undefined ? 'AbortError' : true],
  );
  await check(
    `abort later ${name}`,
    async (o) => {
      const c = new AbortController();
      if (o.jobs === 1) c.abort(v);
      else setTimeout(() => c.abort(v), 50);
      return map([1, 2], (x) => new Promise((r) => setTimeout(r, 5000)), {
        ...o,
        signal: c.signal,
      }).then(
        () => 'ok',
        (e) => [Object.is(e, v) || e?.name],
      );
    },
    [v === undefined ? 'AbortError' : true],
  );
  await check(`share ${name}`, async (o) => {
    const g = share({ a: v, b: [v], m: new Map([[v, v]]) });
    return map([g], (x) => [x.a, x.b, x.m, g.a], o);
  });
  await check(`queue ${name}`, async (o) => {
    const q = new Queue();
    await q.put(v);
    await q.put(v);
    const r = await map(
      [1],
      async () => {
        await q.put(v);
        return q.get();
      },
      o,
    );
    return [...r, await q.get(), await q.get()];
  });
}
await check('error texts', (o) =>
  map(
    [1],
    () => {
      const e = new Error('');
      e.name = '';
      e.stack = '';
      throw e;
    },
    o,
  ).catch((e) => [e.cause.message, e.cause.name, e.cause.stack]),
);
await check('names', (o) => {
  const g = { '': (x) => 1, 0: (x) => 2 };
  class A {
    ''() {
      return 5;
    }
    static '' = 3;
    static 0 = 4;
    0() {
      return 6;
    }
  }
  return map(
    [1],
    () => [g[''](), g[0](), new A()[''](), A[''], A[0], new A()[0](), g[''].name, g[0].name],
    o,
  );
});
console.log(JSON.stringify({ differences, count }));
await shutdownWorkers({ kill: true });
