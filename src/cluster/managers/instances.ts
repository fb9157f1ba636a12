/**
 * Proxies of instances of users' classes.
 */
import { restore, state } from '../../codec/index.ts';
import type { ActorReturn, MethodKind, MethodNames } from '../../objects/index.ts';
import { adopt, ManagedProxy, type ProxyState } from './proxy.ts';
import type { Session } from './session.ts';
import { fromWire, GENERATOR, toWire, type Wire } from './wire.ts';

type ManagedMethod<F> = F extends (...args: infer A) => infer R
  ? (...args: A) => ActorReturn<R>
  : never;

/** What the proxy of an instance has beside the methods of its class. */
export type ManagedControl = Pick<ManagedProxy, 'free'>;

/** An instance in a manager's process as who calls it sees it: its methods, which give promises. */
export type Managed<T> = {
  readonly [K in MethodNames<T>]: ManagedMethod<T[K]>;
} & { readonly $: ManagedControl } & AsyncDisposable;

type Methods = readonly (readonly [name: string, kind: MethodKind])[];

interface InstanceState extends ProxyState {
  readonly methods: Methods;
}

/** The object itself: what its methods are called on. */
export class InstanceTarget extends ManagedProxy {
  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    const wires = args.map((arg, i) => toWire(arg, `argument ${i}`));
    const { kind, value } = await this.send(method, wires);
    if (kind !== GENERATOR) return fromWire(value as Wire);
    const { place } = this[state]();
    return new GeneratorTarget({ place, object: value as number });
  }
}

/** A generator that a method has given. It goes when it ends, or nobody has it. */
export class GeneratorTarget extends ManagedProxy {
  async step(
    method: 'next' | 'return' | 'throw',
    value: unknown,
  ): Promise<IteratorResult<unknown>> {
    const { value: answer } = await this.send(method, [toWire(value, 'value')]);
    const [done, result] = answer as readonly [boolean, Wire];
    return { done, value: await fromWire(result) };
  }
}

/** The values of a generator method, which runs as they are asked for. */
async function* generated(make: () => Promise<unknown>): AsyncGenerator<unknown, unknown, unknown> {
  const target = (await make()) as GeneratorTarget;
  let isDone = false;
  let next: readonly ['next' | 'throw', unknown] = ['next', undefined];
  try {
    for (;;) {
      const { done, value } = await target.step(...next);
      if (done) {
        isDone = true;
        return value;
      }
      try {
        next = ['next', yield value];
      } catch (error) {
        next = ['throw', error];
      }
    }
  } finally {
    if (!isDone) await target.step('return', undefined).catch(() => {});
  }
}

export class ManagedInstance implements AsyncDisposable {
  readonly $: InstanceTarget;
  readonly #methods: Methods;

  constructor(target: InstanceTarget, methods: Methods) {
    this.$ = target;
    this.#methods = methods;
    for (const [name, kind] of methods) {
      const call = (...args: unknown[]): Promise<unknown> => target.call(name, args);
      const value =
        kind === 'generator' ? (...args: unknown[]) => generated(() => call(...args)) : call;
      Object.defineProperty(this, name, { value, enumerable: true });
    }
  }

  [state](): InstanceState {
    return { ...this.$[state](), methods: this.#methods };
  }

  static [restore]({ methods, ...target }: InstanceState): ManagedInstance {
    return new ManagedInstance(new InstanceTarget(target), methods);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.$[Symbol.asyncDispose]();
  }
}

/** The proxy of an instance that was made just now. */
export function newInstance<T>(session: Session, made: readonly unknown[]): Managed<T> {
  const [object, ...names] = made as readonly [number, ...string[]];
  const methods = Array.from(
    { length: names.length / 2 },
    (_, i) => [names[2 * i]!, names[2 * i + 1] as MethodKind] as const,
  );
  const target = adopt(new InstanceTarget({ place: session.place, object }), session, object);
  return new ManagedInstance(target, methods) as unknown as Managed<T>;
}
