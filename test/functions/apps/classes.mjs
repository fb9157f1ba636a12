// Classes and constructor functions whose members no text shows, in tasks, arguments and results.
// Prints what each case gives without workers, in threads and in processes.
import { createServer } from 'node:net';
import util from 'node:util';
import dayjs from 'dayjs';
import { map } from 'heddle';
import { Map as ImmutableMap, List } from 'immutable';
import lodash from 'lodash';
import { matrix } from 'mathjs';
import ndarray from 'ndarray';

class Base {
  constructor(k) {
    this.k = k;
  }
  times(x) {
    return x * this.k;
  }
}
class Derived extends Base {
  times(x) {
    return super.times(x) + 1;
  }
}
const mix = (Super) =>
  class extends Super {
    mixed() {
      return this.k + 100;
    }
  };
class Mixed extends mix(Base) {
  both(x) {
    return this.mixed() + this.times(x);
  }
}
class Spread extends (() => {
  const Inner = class extends Base {};
  return Inner;
})() {}

const key = 'dynamic';
const registered = Symbol.for('heddle.test.key');
class Computed {
  [key](x) {
    return x + 1;
  }
  get [`${key}Getter`]() {
    return 7;
  }
  static [registered]() {
    return 9;
  }
  static async [key + 1]() {
    return 10;
  }
  *[Symbol.iterator]() {
    yield 1;
    yield 2;
  }
}

function Old(x) {
  this.x = x;
}
Old.prototype.get = function () {
  return this.x * 2;
};
Object.defineProperty(Old.prototype, 'four', {
  get() {
    return this.x * 4;
  },
  set(value) {
    this.x = value / 4;
  },
});
Old.of = (x) => new Old(x);
function Older(x) {
  Old.call(this, x);
}
util.inherits(Older, Old);
Older.prototype.more = function () {
  return this.get() + 1;
};
function Replaced() {
  this.v = 2;
}
Replaced.prototype = {
  constructor: Replaced,
  get() {
    return this.v;
  },
};

class Patched {
  plain() {
    return 5;
  }
  gone() {}
  get value() {
    return 1;
  }
}
const { plain } = Patched.prototype;
Patched.prototype.plain = function () {
  return plain.call(this) * 2;
};
Patched.prototype.extra = function () {
  return this.plain() + 1;
};
Patched.prototype.constant = 'constant';
Patched.prototype[registered] = () => 'symbol';
delete Patched.prototype.gone;
Object.defineProperty(Patched.prototype, 'value', { get: () => 2, configurable: true });

class Statics {
  static k = 1;
  static list = [1];
  static weak = new WeakMap();
  static own = new Statics();
  static name() {
    return 'a method';
  }
  k = 3;
  get() {
    return [Statics.k, Statics.list.length, Statics.weak instanceof WeakMap, Statics.own.k];
  }
}
let level = 1;
class Reader {
  get() {
    return level;
  }
}
class Changing {
  plain() {
    return 'written';
  }
}
Object.defineProperty(Changing.prototype, 'fixed', { get: () => 'fixed' });
class Local {}
Local.prototype.server = createServer();
class Field {
  [key] = 5;
}

const cases = {
  'a base class': (o) => map([1, 2], (x) => new Derived(3).times(x), o),
  'a base class of an argument': (o) =>
    map([new Derived(3)], (d) => [d.times(2), d instanceof Base], o),
  'a mixin': (o) => map([new Mixed(3)], (m) => m.both(2), o),
  'a base from an expression': (o) => map([new Spread(3)], (m) => m.times(2), o),
  'computed keys': (o) =>
    map(
      [1],
      async (x) => {
        const c = new Computed();
        return [
          c.dynamic(x),
          c.dynamicGetter,
          Computed[registered](),
          await Computed.dynamic1(),
          [...c],
        ];
      },
      o,
    ),
  'a constructor function': (o) =>
    map(
      [new Old(2)],
      (p) => {
        const { four } = p;
        p.four = 40;
        return [p.get(), four, Old.of(3).get(), p instanceof Old];
      },
      o,
    ),
  'constructor functions that inherit': (o) =>
    map([new Older(2)], (p) => [p.more(), p.four, p instanceof Old], o),
  'a prototype that was replaced': (o) => map([new Replaced()], (p) => p.get(), o),
  'patched members': (o) =>
    map(
      [new Patched()],
      (p) => [p.plain(), p.extra(), p.constant, p[registered](), typeof p.gone, p.value],
      o,
    ),
  'static fields': async (o) => {
    const found = [];
    for (const k of [1, 2, 1]) {
      Statics.k = k;
      Statics.list = Array(k).fill(0);
      found.push(await map([new Statics()], (s) => [s.get(), Statics.name()], o));
      found.push(await map([1], () => Statics.k, o));
    }
    return found;
  },
  'what a class captures': async (o) => {
    const found = [];
    for (level of [1, 2, 1])
      found.push(await map([new Reader()], (r) => [r.get(), new Reader().get()], o));
    return found;
  },
  'members that come and go': async (o) => {
    const found = [];
    const see = async () => {
      const [seen] = await map(
        [new Changing()],
        (c) => [c.plain(), c.fixed, c.extra?.(), Changing.k, 'k' in Changing, c instanceof Base],
        o,
      );
      found.push(seen);
    };
    const { plain: before } = Changing.prototype;
    await see();
    Changing.k = 1;
    Changing.prototype.extra = () => 'extra';
    await see();
    Changing.k = 2;
    Changing.prototype.plain = () => 'patched';
    await see();
    delete Changing.k;
    delete Changing.prototype.extra;
    await see();
    Object.defineProperty(Changing.prototype, 'plain', { value: before, enumerable: false });
    Object.setPrototypeOf(Changing.prototype, Base.prototype);
    await see();
    Object.setPrototypeOf(Changing.prototype, Object.prototype);
    await see();
    return found;
  },
  'results of classes of the caller': async (o) => {
    const [patched] = await map([1], () => new Patched(), o);
    const [older] = await map([1], () => new Older(4), o);
    const [day] = await map([1], () => dayjs('2020-01-31T00:00:00Z'), o);
    return [
      patched instanceof Patched,
      patched.plain(),
      older instanceof Older,
      older.more(),
      day instanceof dayjs,
    ];
  },
  'a class of a task, sent on': async (o) => {
    const made = await map(
      [1, 2, 3],
      (x) => {
        class Point {
          constructor(v) {
            this.v = v;
          }
          get() {
            return this.v * Point.factor;
          }
        }
        Point.factor = 10;
        return new Point(x);
      },
      o,
    );
    const again = await map([...made, ...made, ...made], (p) => p.get(), o);
    const back = await map(made, (p) => p, o);
    return [again, back.map((p, i) => p.constructor === made[i].constructor), back[2].get()];
  },
  'a class of a task in a nested job': (o) =>
    map(
      [1, 2],
      async (x) => {
        const { map: inner } = await import('heddle');
        return inner([new Patched()], (p) => p.plain() + x, { jobs: 2, backend: 'threads' });
      },
      o,
    ),
  ndarray: (o) =>
    map(
      [ndarray(new Float64Array([1, 2, 3, 4]), [2, 2])],
      (a) => [a.get(1, 0), a.size, a.transpose(1, 0).get(0, 1)],
      o,
    ),
  dayjs: (o) =>
    map(
      [dayjs('2020-01-31T00:00:00Z')],
      (d) => [d.add(1, 'month').toISOString(), dayjs.isDayjs(d)],
      o,
    ),
  immutable: (o) =>
    map(
      [[List([1, 2]), ImmutableMap({ a: 1 })]],
      ([l, m]) => [l.push(3).toArray(), m.set('b', 2).toObject(), List.isList(l)],
      o,
    ),
  mathjs: (o) =>
    map(
      [
        matrix([
          [1, 2],
          [3, 4],
        ]),
      ],
      (m) => [m.size(), m.map((x) => x * 2).toArray()],
      o,
    ),
  lodash: (o) => map([lodash.chain([1, 2, 3])], (c) => c.sum().value(), o),
};
/** Each with what the error has to name. */
const refused = {
  'Local.prototype.server': (o) => map([new Local()], () => 1, o),
  '[key]': (o) => map([1], () => new Field().dynamic, o),
  // What is refused of a chain that has not run yet depends on the version.
  'sent to a worker': (o) => map([lodash([1, 2, 3]).map((x) => x * 2)], (c) => c.sum(), o),
};

const results = {};
const refusals = {};
for (const backend of ['sequential', 'threads', 'processes']) {
  const o = backend === 'sequential' ? { jobs: 1 } : { jobs: 2, backend };
  const found = {};
  for (const [name, run] of Object.entries(cases)) {
    found[name] = await run(o).catch((error) => String(error.cause ?? error));
  }
  results[backend] = found;
  if (backend === 'sequential') continue;
  for (const [name, run] of Object.entries(refused)) {
    const error = await run(o).catch((thrown) => thrown);
    refusals[`${name} (${backend})`] = [(error.cause ?? error).code, error.message?.includes(name)];
  }
}
console.log(JSON.stringify({ results, refusals }));
process.exit();
