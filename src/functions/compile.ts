/**
 * Compiles the text of a function, with its captures as parameters.
 */
import vm from 'node:vm';
import { placementOf } from './coverage.ts';
import type { CodeNode } from './payload.ts';
import { registerOrigin } from './stacks.ts';

/** What the compiled code gives back for the captures it needs at once. */
export interface Compiled {
  readonly fn: object;
  /** Gives the captures that come later; null when all were there. */
  readonly bind: ((values: readonly unknown[]) => void) | null;
}

const scripts = new Map<string, (...values: unknown[]) => unknown>();
const CACHE_SIZE = 1_000;

/**
 * Evaluates a function's code.
 *
 * Captured names become parameters, which nothing assigns to: the engine takes them for constants,
 * as it does those of a module. Only where functions capture each other in a circle are the names
 * variables that are set afterwards.
 *
 * @param values - of the first captured names; as many as there are, or the eager ones
 */
export function compile(node: CodeNode, values: readonly unknown[]): Compiled {
  const late = values.length < node.names.length;
  const params = late ? node.names.slice(0, node.eager) : node.names;
  const rest = late ? node.names.slice(node.eager) : [];
  const own = node.self[0];
  const declarations =
    (rest.length > 0 ? `let ${rest.join()};` : '') +
    node.self
      .slice(1)
      .map((name) => `let ${name};`)
      .join('');
  const others = node.self
    .slice(1)
    .map((name) => `${name}=${own};`)
    .join('');
  const lead =
    `((${params.join()})=>{${node.strict ? '"use strict";' : ''}${declarations}` +
    (own ? `const ${own}=` : 'return[');
  const binder = rest.length > 0 ? `($heddle)=>{[${rest.join()}]=$heddle}` : 'null';
  // Declared where nothing gets to, they stay without a value for ever.
  const dead = node.dead.length > 0 ? `;let ${node.dead.join()};` : '';
  const tail = own ? `;${others}return[${own},${binder}]${dead}})` : `,${binder}]${dead}})`;
  const make = scriptOf(node, lead, tail);
  const [made, bind] = make(...values.slice(0, params.length)) as [object, Compiled['bind']];
  const fn = memberOf(node, made);
  const { name } = fn as { name?: unknown };
  if (node.name !== null && node.name !== name && Object.isExtensible(fn)) {
    Object.defineProperty(fn, 'name', { value: node.name, configurable: true });
  }
  return { fn, bind };
}

function memberOf(node: CodeNode, made: object): object {
  if (node.form === 'expression') return made;
  const [key] = Reflect.ownKeys(made);
  const descriptor = Object.getOwnPropertyDescriptor(made, key!)!;
  if (node.form === 'method') return descriptor.value as object;
  return (node.form === 'get' ? descriptor.get : descriptor.set) as object;
}

function scriptOf(node: CodeNode, lead: string, tail: string): (...values: unknown[]) => unknown {
  const { origin } = node;
  const { blanks, inFile } = placementOf(node, lead.length);
  const code = lead + ' '.repeat(blanks) + node.code + tail;
  const key = `${origin?.file}:${origin?.line}:${origin?.column}:${code}`;
  let make = scripts.get(key);
  if (!make) {
    const filename = origin
      ? registerOrigin(origin, inFile)
      : `heddle:function/${node.name || 'anonymous'}`;
    // vm.Script and not Function(): it works under --disallow-code-generation-from-strings too.
    const script = new vm.Script(code, {
      filename,
      lineOffset: origin?.line ?? 0,
      columnOffset: (origin?.column ?? 0) - lead.length - blanks - node.lead,
    });
    make = script.runInThisContext() as (...values: unknown[]) => unknown;
    if (scripts.size >= CACHE_SIZE) scripts.delete(scripts.keys().next().value!);
    scripts.set(key, make);
  }
  return make;
}
