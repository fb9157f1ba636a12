/**
 * The codec of a worker, loaded when it is needed.
 *
 * A worker's first task often needs none: its function is text, its argument and result are
 * primitives. The codec and what encodes functions are a good third of what a worker loads.
 */
import type { SegmentHandle } from '../memory/index.ts';
import type { ValueCodec } from '../protocol/index.ts';
import { whileLoading } from './loading.ts';
import { parentKeeper, setReferences } from './requests.ts';

type Loaded = Omit<ValueCodec, 'lazy'> & {
  adoptSerializers(list: readonly never[]): void;
  scheduleCollection(): void;
  bytesOf(handle: SegmentHandle): ArrayBuffer | null;
};

let codec: Loaded | null = null;
let loading: Promise<void> | null = null;

/** Loads the codec, if that has not been done. */
export function loadCodec(): Promise<void> {
  loading ??= whileLoading(
    Promise.all([
      import('../codec/index.ts'),
      import('../memory/index.ts'),
      // Registers itself with the codec: values contain functions.
      import('../functions/index.ts'),
      // Registers with the codec how what stays elsewhere is made of its name.
      import('../objects/index.ts'),
    ]),
  ).then(([loaded, memory, _functions, { ObjectRef, setParentKeeper }]) => {
    const { encode, receive: decode, discard, loading, adoptSerializers } = loaded;
    const { Sealed, seal, unsealed } = loaded;
    const isSealed = (value: unknown): boolean => value instanceof Sealed;
    const { bytesOf, scheduleCollection, supply, unopenedMemory: unopened } = memory;
    const sealing = { seal, isSealed, unsealed };
    const values = { encode, decode, discard, loading, unopened, supply, ...sealing };
    setReferences((value) => (value instanceof ObjectRef ? value.id : null));
    setParentKeeper(parentKeeper);
    codec = { ...values, adoptSerializers, scheduleCollection, bytesOf };
  });
  return loading;
}

function loaded(): Loaded {
  if (!codec) throw new Error('the codec is not loaded');
  return codec;
}

/** Takes over serializers that the parent has registered: the codec's messages. */
export async function adoptSerializers(messages: readonly unknown[]): Promise<void> {
  await loadCodec();
  const { decode, loading, adoptSerializers: adopt } = loaded();
  for (const message of messages) {
    try {
      await loading(message);
      adopt([decode(message)] as never[]);
    } catch {
      // What can't be had here is refused where it is met, by name.
    }
  }
}

/** To be called when a job has ended: what it has left behind may be much memory. */
export function scheduleCollection(): void {
  codec?.scheduleCollection();
}

/** A copy of memory that was sent from here. */
export function bytesOf(handle: SegmentHandle): ArrayBuffer | null {
  return codec?.bytesOf(handle) ?? null;
}

/** Decodes primitives at once, and everything once it is loaded. */
export const lazyCodec: ValueCodec = {
  lazy: { isReady: () => codec !== null, whenReady: loadCodec },
  encode: (value, options) => loaded().encode(value, options),
  decode: (message) =>
    codec || (typeof message === 'object' && message !== null) ? loaded().decode(message) : message,
  discard: (message) => codec?.discard(message),
  loading(message) {
    if (typeof message !== 'object' || message === null) return null;
    if (codec) return codec.loading(message);
    return loadCodec().then(() => loaded().loading(message) ?? undefined);
  },
  unopened: (error) => codec?.unopened(error) ?? null,
  supply: (handle, bytes) => loaded().supply(handle, bytes),
  seal: (value, options) => loaded().seal(value, options),
  isSealed: (value) => codec?.isSealed(value) ?? false,
  unsealed: (value) => loaded().unsealed(value),
};
