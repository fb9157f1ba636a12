/**
 * What every worker has anyway: the globals of the language and of Node, and Node's own modules.
 */
import { builtinModules } from 'node:module';
import vm from 'node:vm';

/** Names that Node adds to those of the language. */
const nodeGlobals = [
  'AbortController',
  'AbortSignal',
  'Blob',
  'BroadcastChannel',
  'Buffer',
  'CloseEvent',
  'CompressionStream',
  'CountQueuingStrategy',
  'Crypto',
  'CryptoKey',
  'CustomEvent',
  'DOMException',
  'DecompressionStream',
  'Event',
  'EventSource',
  'EventTarget',
  'File',
  'FormData',
  'Headers',
  'MessageChannel',
  'MessageEvent',
  'MessagePort',
  'Navigator',
  'Performance',
  'PerformanceEntry',
  'PerformanceMark',
  'PerformanceMeasure',
  'PerformanceObserver',
  'PerformanceObserverEntryList',
  'PerformanceResourceTiming',
  'ReadableByteStreamController',
  'ReadableStream',
  'ReadableStreamBYOBReader',
  'ReadableStreamBYOBRequest',
  'ReadableStreamDefaultController',
  'ReadableStreamDefaultReader',
  'Request',
  'Response',
  'SubtleCrypto',
  'TextDecoder',
  'TextDecoderStream',
  'TextEncoder',
  'TextEncoderStream',
  'TransformStream',
  'TransformStreamDefaultController',
  'URL',
  'URLSearchParams',
  'WebAssembly',
  'WebSocket',
  'WritableStream',
  'WritableStreamDefaultController',
  'WritableStreamDefaultWriter',
  'atob',
  'btoa',
  'clearImmediate',
  'clearInterval',
  'clearTimeout',
  'console',
  'crypto',
  'fetch',
  'gc',
  'global',
  'globalThis',
  'navigator',
  'performance',
  'process',
  'queueMicrotask',
  'setImmediate',
  'setInterval',
  'setTimeout',
  'structuredClone',
]; // prettier-ignore

let names: Set<string> | null = null;

/** Whether a name means the same in every worker, unless something in between takes it over. */
export function isStandardGlobal(name: string): boolean {
  names ??= new Set([
    ...(vm.runInNewContext('Object.getOwnPropertyNames(globalThis)') as string[]),
    ...nodeGlobals,
    'undefined',
  ]);
  return names.has(name);
}

let paths: Map<unknown, readonly string[]> | null = null;

/** How to get at a function or object of the language or of Node from `globalThis`. */
export function globalPath(value: unknown): readonly string[] | null {
  if (!paths) {
    paths = new Map();
    paths.set(globalThis, []);
    isStandardGlobal('Object');
    for (const name of names!) collect(globalThis, name, [], 0);
  }
  return paths.get(value) ?? null;
}

function collect(holder: object, name: string, path: readonly string[], depth: number): void {
  const descriptor = Object.getOwnPropertyDescriptor(holder, name);
  if (!descriptor) return;
  // Getters of globals make what they give when it is first asked for; leave them alone, but for
  // those of the language's prototypes, which are functions themselves.
  const value: unknown = descriptor.value;
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return;
  if (paths!.has(value)) return;
  const at = [...path, name];
  paths!.set(value, at);
  if (depth === 2 || name === 'process') return;
  for (const key of Object.getOwnPropertyNames(value)) {
    if (key !== 'constructor' && key !== 'caller' && key !== 'arguments') {
      collect(value, key, at, depth + 1);
    }
  }
}

const builtins = new Map<unknown, { readonly url: string; readonly name: string }>();
let listed = 0;

/** The module of Node's own that exports a value, among those that are loaded. */
export function builtinReference(
  value: unknown,
): { readonly url: string; readonly name: string } | null {
  const loaded = (process as unknown as { moduleLoadList?: readonly string[] }).moduleLoadList;
  if (!builtins.has(value) && (loaded?.length ?? 1) !== listed) {
    listed = loaded?.length ?? 1;
    for (const id of builtinModules) {
      if (id.startsWith('_') || (loaded && !loaded.includes(`NativeModule ${id}`))) continue;
      const url = `node:${id}`;
      const exports = process.getBuiltinModule(url) as Record<string, unknown>;
      if (!builtins.has(exports)) builtins.set(exports, { url, name: 'default' });
      for (const key of Object.keys(exports)) {
        const descriptor = Object.getOwnPropertyDescriptor(exports, key);
        const item: unknown = descriptor?.value;
        if (typeof item !== 'function' && typeof item !== 'object') continue;
        if (item !== null && !builtins.has(item)) builtins.set(item, { url, name: key });
      }
    }
  }
  return builtins.get(value) ?? null;
}
