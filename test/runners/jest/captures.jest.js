/** What functions capture in Jest's CommonJS mode, whose modules and globals are not Node's. */
const path = require('node:path');
const { map, shutdownWorkers } = require('heddle');
const { Model, twice } = require('./helper');
const all = require('./helper');

afterAll(() => shutdownWorkers({ kill: true }));
const k = 3;
class Local {
  constructor(v) {
    this.v = v;
  }
  get() {
    return this.v * k;
  }
}

describe.each(['sequential', 'threads', 'processes'])('%s', (backend) => {
  const o = { jobs: backend === 'sequential' ? 1 : 2, backend };

  test('imports, instances and namespaces', async () => {
    const model = new Model(4);
    const fn = (x) => [twice(x) * k, model.predict(x), new Model(2).predict(x), all.twice(x)];
    expect(await map([1, 2], fn, o)).toEqual([
      [6, 4, 2, 2],
      [12, 8, 4, 4],
    ]);
    expect(await map([1, 2], twice, o)).toEqual([2, 4]);
  });

  test('classes, there and back', async () => {
    const [local] = await map([2], (x) => new Local(x), o);
    expect(local).toBeInstanceOf(Local);
    expect(local.get()).toBe(6);
    expect(await map([new Local(5)], (x) => x.get(), o)).toEqual([15]);
    expect((await map([1], (x) => new Model(x), o))[0]).toBeInstanceOf(Model);
  });

  test('what is used of a module, and nothing else', async () => {
    const some = require('./helper');
    expect(await map([1, 2], (x) => all.twice(x) + some.k + all.k, o)).toEqual([10, 12]);
    // Its methods may want all of it.
    if (o.jobs > 1) await expect(map([1], (x) => all.scaled(x), o)).rejects.toThrow(/'all.own'/);
    const mine = ((require) => {
      const all = require('./helper');
      return map([1, 2], (x) => [all.get(x), Object.keys(all).length], o);
    })(() => ({ k: 5, get: (v) => v * 5, other: 1 }));
    expect(await mine).toEqual([
      [5, 3],
      [10, 3],
    ]);
  });

  test('what belongs to a module', async () => {
    const fn = () => [require('./helper').twice(1), path.basename(__filename), path.sep];
    expect(await map([1], fn, o)).toEqual([[2, 'captures.jest.js', '/']]);
  });

  test('values of the globals that Jest makes', async () => {
    const v = {
      map: new Map([[1, { a: 1 }]]),
      date: new Date(0),
      array: new Float64Array([1, 2]),
      error: new RangeError('far'),
      url: new URL('http://a/b'),
    };
    const fn = (x) => [x.map.get(1).a, x.date.getTime(), x.array[1], x.error.message, v.url.href];
    expect(await map([v], fn, o)).toEqual([[1, 0, 2, 'far', 'http://a/b']]);
    const [back] = await map([v], (x) => x, o);
    expect([back.map.get(1), back.array[1], back.url.href]).toEqual([{ a: 1 }, 2, 'http://a/b']);
  });

  test('errors', async () => {
    const fail = () => {
      throw new RangeError('boom');
    };
    await expect(map([1], fail, o)).rejects.toMatchObject({
      code: 'ERR_HEDDLE_TASK',
      cause: { message: 'boom', name: 'RangeError' },
    });
  });
});

test('what cannot be sent', async () => {
  const own = Symbol('own');
  await expect(map([1], () => own, { jobs: 2 })).rejects.toThrow(/captures 'own'/);
});
