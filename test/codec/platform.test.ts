/**
 * Objects with internal slots: each arrives as it was, or is refused by its name and what to do.
 */
import crypto from 'node:crypto';
import { BlockList, SocketAddress } from 'node:net';
import v8 from 'node:v8';
import { describe, expect, it } from 'vitest';
import { CloneError, decode, encode } from '../../src/codec/index.ts';
import '../../src/functions/index.ts';

const maxBytes = 1 << 20;
const ways = {
  process(value: unknown): unknown {
    const { message, release } = encode(value, { to: 'process', maxBytes, path: 'task' });
    const result = decode(v8.deserialize(v8.serialize(message)));
    release();
    return result;
  },
  thread(value: unknown): unknown {
    const { message, release } = encode(value, { to: 'thread', maxBytes, path: 'task' });
    const result = decode(structuredClone(message));
    release();
    return result;
  },
};

// biome-ignore lint/suspicious/noExplicitAny: the types of Node have it as a namespace without values
const { WebAssembly: wasm } = globalThis as any;

/** What is known of an object by asking it. */
type Look = (value: never) => unknown;

const text = 'Straße 1.234,5 Zebra äpfel';
const carried: readonly (readonly [string, () => object, Look])[] = [
  ['Date', () => new Date(86_400_000), (v: Date) => v.toISOString()],
  ['an invalid Date', () => new Date(Number.NaN), (v: Date) => v.getTime()],
  [
    'RegExp',
    () => Object.assign(/b(?<x>.)/dgiu, { lastIndex: 3 }),
    (v: RegExp) => [v.lastIndex, v.exec('abcabcabd')?.groups?.x, v.flags, v.lastIndex],
  ],
  ['Number', () => new Number(-0), (v: number) => Object.is(v.valueOf(), -0)],
  ['String', () => new String('ab'), (v: string) => [v.valueOf(), v.length, Object.keys(v)]],
  ['Boolean', () => new Boolean(false), (v: boolean) => v.valueOf()],
  ['BigInt', () => Object(12n) as object, (v: bigint) => v.valueOf()],
  [
    'DOMException',
    () => new DOMException('took too long', 'TimeoutError'),
    (v: DOMException) => [v.name, v.message, v.code, String(v), v.stack],
  ],
  ['URL', () => new URL('http://u:p@h:1/p?q=1#f'), (v: URL) => [v.href, v.searchParams.get('q')]],
  ['URLSearchParams', () => new URLSearchParams('a=1&a=2&b=%20'), (v: URLSearchParams) => [...v]],
  [
    'Headers',
    () =>
      new Headers([
        ['x', '1'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ]),
    (v: Headers) => [[...v], v.getSetCookie()],
  ],
  ['TextEncoder', () => new TextEncoder(), (v: InstanceType<typeof TextEncoder>) => v.encode('ä')],
  [
    'TextDecoder',
    () => new TextDecoder('utf-16le', { fatal: true, ignoreBOM: true }),
    (v: InstanceType<typeof TextDecoder>) => [
      v.encoding,
      v.fatal,
      v.ignoreBOM,
      v.decode(new Uint8Array([0xe4, 0])),
    ],
  ],
  ['Intl.Locale', () => new Intl.Locale('de-Latn-DE-u-co-phonebk'), (v: Intl.Locale) => String(v)],
  [
    'Intl.Collator',
    () => new Intl.Collator('de', { sensitivity: 'base', numeric: true }),
    (v: Intl.Collator) => [...text.split(' ')].sort(v.compare),
  ],
  ...(['short', 'full'] as const).map(
    (dateStyle) =>
      [
        `Intl.DateTimeFormat ${dateStyle}`,
        () =>
          new Intl.DateTimeFormat('ja', {
            dateStyle,
            timeStyle: dateStyle,
            timeZone: 'Asia/Tokyo',
          }),
        (v: Intl.DateTimeFormat) => [v.format(0), v.resolvedOptions()],
      ] as const,
  ),
  [
    'Intl.DateTimeFormat',
    () => new Intl.DateTimeFormat('en', { hour: 'numeric', hour12: true, weekday: 'long' }),
    (v: Intl.DateTimeFormat) => [v.format(0), v.resolvedOptions()],
  ],
  [
    'Intl.DisplayNames',
    () => new Intl.DisplayNames('de', { type: 'region' }),
    (v: Intl.DisplayNames) => v.of('US'),
  ],
  [
    'Intl.ListFormat',
    () => new Intl.ListFormat('de', { type: 'disjunction' }),
    (v: Intl.ListFormat) => v.format(['a', 'b', 'c']),
  ],
  [
    'Intl.NumberFormat',
    () =>
      new Intl.NumberFormat('de', { style: 'currency', currency: 'EUR', minimumFractionDigits: 3 }),
    (v: Intl.NumberFormat) => [v.format(12345.6), v.resolvedOptions()],
  ],
  [
    'Intl.NumberFormat compact',
    () => new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 2 }),
    (v: Intl.NumberFormat) => [v.format(12345.6), v.resolvedOptions()],
  ],
  [
    'Intl.PluralRules',
    () => new Intl.PluralRules('en', { type: 'ordinal' }),
    (v: Intl.PluralRules) => [1, 2, 3, 4].map((n) => v.select(n)),
  ],
  [
    'Intl.RelativeTimeFormat',
    () => new Intl.RelativeTimeFormat('de', { numeric: 'auto' }),
    (v: Intl.RelativeTimeFormat) => v.format(-1, 'day'),
  ],
  [
    'Intl.Segmenter',
    () => new Intl.Segmenter('de', { granularity: 'word' }),
    (v: Intl.Segmenter) => [...v.segment(text)].map(({ segment }) => segment),
  ],
];

/** What structured clone takes to a thread, and other processes don't get. */
const threadOnly: readonly (readonly [string, () => object, Look])[] = [
  [
    'KeyObject',
    () => crypto.createSecretKey(Buffer.from('key')),
    (v: crypto.KeyObject) => v.export().toString(),
  ],
  ['Blob', () => new Blob(['abc']), (v: Blob) => v.size],
  [
    'BlockList',
    () => {
      const list = new BlockList();
      list.addAddress('1.2.3.4');
      return list;
    },
    (v: BlockList) => v.check('1.2.3.4'),
  ],
  [
    'SocketAddress',
    () => new SocketAddress({ address: '1.2.3.4', port: 5 }),
    (v: SocketAddress) => [v.address, v.port],
  ],
  [
    'WebAssembly.Module',
    () => new wasm.Module!(new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0])),
    (v: object) => wasm.Module.exports(v),
  ],
];

function* generate(): Generator<number> {
  yield 1;
}

/** Each with what its message must say. */
const refused: readonly (readonly [string, () => object, RegExp])[] = [
  ['Promise', () => Promise.resolve(1), /a Promise\. Await it/],
  ['subclass of Promise', () => new (class P extends Promise<void> {})((done) => done()), /Await/],
  ['generator', () => generate(), /a generator\. Collect it/],
  ['iterator of an Array', () => [1][Symbol.iterator](), /Array Iterator\. Collect it/],
  ['iterator of a Map', () => new Map().keys(), /Map Iterator\. Collect it/],
  ['iterator of a string', () => 'a'[Symbol.iterator](), /String Iterator\. Collect it/],
  ['iterator of matches', () => 'a'.matchAll(/a/g), /RegExp String Iterator\. Collect it/],
  ['segments', () => new Intl.Segmenter().segment('a b'), /./],
  ['WeakMap', () => new WeakMap(), /a WeakMap\. Use a Map or a Set/],
  ['WeakSet', () => new WeakSet(), /a WeakSet\. Use a Map or a Set/],
  ['WeakRef', () => new WeakRef({}), /a WeakRef\. Send what it refers to/],
  ['FinalizationRegistry', () => new FinalizationRegistry(() => {}), /a FinalizationRegistry/],
  ['boxed symbol', () => Object(Symbol.iterator) as object, /Send the symbol itself/],
  ['Proxy', () => new Proxy({}, {}), /a Proxy/],
  [
    'arguments',
    () =>
      (function () {
        // biome-ignore lint/complexity/noArguments: that is the point
        return arguments;
      })(),
    /\[\.\.\.arguments\]/,
  ],
  ['Math', () => Math, /use Math by its name/],
  ['globalThis', () => globalThis, /use globalThis by its name/],
  ['process', () => process, /use process by its name/],
  ['Request', () => new Request('http://a'), /a Request\. Read its body/],
  ['Response', () => new Response('x'), /a Response\. Read its body/],
  ['FormData', () => new FormData(), /a FormData\. Send its entries/],
  ['File', () => new File(['x'], 'n'), /a File\. Send its name and its bytes/],
  [
    'AbortController',
    () => new AbortController(),
    /an AbortController\. Use the task's own ctx\.signal/,
  ],
  ['AbortSignal', () => AbortSignal.abort(), /an AbortSignal\. Use the task's own ctx\.signal/],
  ['Event', () => new Event('x'), /an Event/],
  ['EventTarget', () => new EventTarget(), /an EventTarget/],
  ['subclass of EventTarget', () => new (class Bus extends EventTarget {})(), /a Bus/],
  ['MessageChannel', () => new MessageChannel(), /a MessageChannel\. Use a Queue/],
  ['ReadableStream', () => new ReadableStream(), /a ReadableStream\. Collect it/],
  ['TransformStream', () => new TransformStream(), /a TransformStream/],
  ['CompressionStream', () => new CompressionStream('gzip'), /a CompressionStream/],
  ['PerformanceMark', () => performance.mark('x'), /a PerformanceMark/],
  ['performance', () => performance, /a Performance/],
  ['WebAssembly.Memory', () => new wasm.Memory!({ initial: 1 }), /a Memory\. Send its contents/],
  ['WebAssembly.Table', () => new wasm.Table!({ initial: 1, element: 'anyfunc' }), /a Table/],
  ['Hash', () => crypto.createHash('sha1'), /a Hash/],
  ['crypto', () => globalThis.crypto, /a Crypto/],
  [
    'Timeout',
    () => {
      const timer = setTimeout(() => {}, 0);
      clearTimeout(timer);
      return timer;
    },
    /a Timeout/,
  ],
  ['one made without its constructor', () => Object.create(URL.prototype) as object, /new URL\(\)/],
  ['one with the prototype of Map', () => Object.create(Map.prototype) as object, /new Map\(\)/],
  [
    'one with the prototype of DOMException',
    () => Object.create(DOMException.prototype) as object,
    /new DOMException\(\)/,
  ],
];

describe.each(Object.entries(ways))('to a %s', (way, through) => {
  it.each(carried)('%s arrives as it was', (_name, make, look) => {
    const value = make();
    const output = through({ value, again: value }) as { value: object; again: object };
    expect(output.again).toBe(output.value);
    expect(Object.getPrototypeOf(output.value)).toBe(Object.getPrototypeOf(value));
    const inspected = look(output.value as never);
    expect(inspected).toEqual(
      look(make().constructor === value.constructor ? (value as never) : (make() as never)),
    );
  });

  it.each(threadOnly)('%s arrives, or is refused by its name', (name, make, look) => {
    const value = make();
    if (way === 'thread') {
      expect(look((through([value]) as [never])[0])).toEqual(look(value as never));
    } else {
      expect(() => through([value])).toThrow(CloneError);
      expect(() => through([value])).toThrow(
        new RegExp(`'task\\[0\\]'.*${name.split('.').at(-1)}`),
      );
    }
  });

  it.each(refused)('%s is refused by its name', (_name, make, message) => {
    const value = make();
    expect(() => through({ value })).toThrow(CloneError);
    expect(() => through({ value })).toThrow(/^'task\.value' cannot be sent to a worker: it is /);
    expect(() => through({ value })).toThrow(message);
  });
});
