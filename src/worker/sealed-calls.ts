/**
 * Calls of mode 'objects': their arguments come sealed, and their results leave so.
 */
import { type Codec, decodeWithBytes, type TaskFunction } from '../protocol/index.ts';
import type { RunnerHost } from './runner-host.ts';
import { isThenable } from './thenable.ts';

/** A task of mode 'objects'; see `CallMode`. */
type ObjectsTask = readonly [fn: number, args: unknown, ...holes: unknown[]];

type Opens = Pick<RunnerHost, 'exchange'>;

/** The value of what came sealed; a promise where modules or memory have to come first. */
export function unseal(codec: Codec, { exchange }: Opens, value: unknown): unknown {
  const message = codec.sealedMessage(value);
  if (message === null) return value;
  const decode = (): unknown => codec.unpackOne(message);
  const again = (error: unknown): Promise<unknown> => {
    if (!exchange) throw error;
    return decodeWithBytes(codec, exchange.ask, error, async () => {
      await codec.loading(message);
      return decode();
    });
  };
  const wait = codec.loading(message);
  if (wait) return wait.then(decode).catch(again);
  try {
    return decode();
  } catch (error) {
    if (!codec.unopened(error)) throw error;
    return again(error);
  }
}

function isPrimitive(value: unknown): boolean {
  const type = typeof value;
  return value === null || (type !== 'object' && type !== 'function' && type !== 'symbol');
}

/** A result as others can pass it on. */
function sealed(codec: Codec, value: unknown): unknown {
  if (isPrimitive(value)) return value;
  if (isThenable(value)) return Promise.resolve(value).then((result) => sealed(codec, result));
  if (codec.isReady()) return codec.seal(value, 'result');
  return codec.whenReady().then(() => codec.seal(value, 'result'));
}

/** Makes the call of a task. */
export function callSealed(
  codec: Codec,
  host: Opens,
  functions: readonly TaskFunction[],
  task: unknown,
): unknown {
  const [index, given] = task as ObjectsTask;
  const fn = functions[index]!;
  const args = Array.isArray(given) ? given : unseal(codec, host, given);
  const holes = (task as ObjectsTask).length > 2;
  if (!holes && Array.isArray(args)) return sealed(codec, fn(...args));
  return callWith(codec, host, fn, args, (task as ObjectsTask).slice(2));
}

async function callWith(
  codec: Codec,
  host: Opens,
  fn: TaskFunction,
  given: unknown,
  holes: readonly unknown[],
): Promise<unknown> {
  const args = (await given) as unknown[];
  for (let i = 0; i < holes.length; i += 2) {
    args[holes[i] as number] = await unseal(codec, host, holes[i + 1]);
  }
  return await sealed(codec, fn(...args));
}
