/**
 * What tasks ask of who has sent them: values and actors that are elsewhere.
 */
import type { Keeper, MethodCall } from '../objects/index.ts';
import type { Codec, MemoryExchange, ReplyMessage, RequestMessage } from '../protocol/index.ts';
import { unseal } from './sealed-calls.ts';

/** The way to who answers. */
export interface RequestChannel {
  send(message: RequestMessage): void;
  readonly codec: Codec;
  readonly exchange: MemoryExchange;
}

let channel: RequestChannel | null = null;
let lastRequest = 0;
let lastObject = 0;
const waiting = new Map<number, (reply: ReplyMessage) => void>();

/** Says which way requests go; called when the worker has its settings. */
export function openRequestChannel(open: RequestChannel): void {
  channel = open;
}

/** Takes an answer. */
export function receiveReply(reply: ReplyMessage): void {
  const take = waiting.get(reply.id);
  waiting.delete(reply.id);
  take?.(reply);
}

function opened(): RequestChannel {
  if (!channel) throw new Error('this is no worker');
  return channel;
}

function send(id: number, body: unknown): void {
  const { codec, send: write } = opened();
  write({ type: 'request', id, body: codec.packOne(body, 'request').message });
}

function tell(body: unknown): void {
  if (channel) send(0, body);
}

async function ask(body: unknown): Promise<unknown> {
  const { codec, exchange } = opened();
  const { ok, body: answer } = await new Promise<ReplyMessage>((resolve) => {
    const id = ++lastRequest;
    waiting.set(id, resolve);
    send(id, body);
  });
  await codec.loading(answer);
  if (ok) return await unseal(codec, { exchange }, codec.unpackOne(answer));
  throw codec.unpackOne(answer);
}

/**
 * A call as it is sent; `refs` are pairs of a position among its arguments and the object that goes there.
 *
 * @param args - what the actor's function is called with
 * @param step - it is a step of a generator
 */
function messageOf(
  { actor, method }: MethodCall,
  args: readonly unknown[],
  step = false,
): Record<string, unknown> {
  const refs: (number | string)[] = [];
  const values = args.map((arg, position) => {
    const id = referenceOf(arg);
    if (id === null) return arg;
    refs.push(position, id);
    return undefined;
  });
  return { actor, method, step, args: opened().codec.seal(values, 'arguments'), refs };
}

/** The id of a reference to an object; null for anything else. */
let referenceOf: (value: unknown) => string | null = () => null;

/** Says how references are told from other values: their class is loaded with the codec. */
export function setReferences(reader: typeof referenceOf): void {
  referenceOf = reader;
}

/**
 * References that there are here, and that were made, by their objects. Who sent their names has counted them,
 * but for those that came with functions: so they are given back when the last has gone.
 */
const references = new Map<string, { live: number; made: number }>();

/** What keeps objects and actors for tasks. Its messages go through {@link openRequestChannel}. */
export const parentKeeper: Keeper = {
  get: (id) => ask({ do: 'get', id }),
  free: (id) => tell({ do: 'free', id }),
  retained(id) {
    const known = references.get(id);
    if (known) {
      known.live++;
      known.made++;
    } else references.set(id, { live: 1, made: 1 });
  },
  released(id) {
    const known = references.get(id);
    if (!known || --known.live > 0) return;
    references.delete(id);
    tell({ do: 'released', id, count: known.made });
  },
  call: (call) => ask({ do: 'call', ...messageOf(call, [call.method, ...call.args]) }),
  callForObject(call) {
    const session = call.actor.slice(0, call.actor.indexOf('/'));
    const id = `${session}/w${process.pid}.${++lastObject}`;
    tell({ do: 'object', id, ...messageOf(call, [call.method, ...call.args]) });
    return id;
  },
  step(call, step) {
    return ask({ do: 'call', ...messageOf(call, [call.method, step, ...call.args], true) });
  },
  placeOf: () => null,
  kill: async (id) => {
    await ask({ do: 'kill', actor: id });
  },
};
