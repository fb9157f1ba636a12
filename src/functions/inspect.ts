/**
 * What a function captured, read through node:inspector.
 *
 * A session on the own thread answers synchronously, in about 0.2 ms. Nothing is paused and no port
 * is opened. Where there is no inspector (the permission model, other runtimes), there is no answer.
 */

import type { Session } from 'node:inspector';

/** One scope around a function, innermost first. */
export interface CapturedScope {
  /** As the inspector describes it: 'Closure', 'Block', 'Module', 'Script', … */
  readonly kind: string;
  /** Values of the variables that some function captured; without a prototype. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** The script that a function comes from. */
export interface Script {
  readonly id: string;
  /** A file URL (ES modules), a path (CommonJS) or whatever the compiler was told. */
  readonly url: string;
  readonly isModule: boolean;
  readonly sourceMapUrl: string;
  /** Where the script begins in its file; other than 0 for vm scripts with an offset. */
  readonly startLine: number;
  readonly startColumn: number;
}

/** Where a function is defined; lines and columns count from 0. */
export interface Location {
  readonly script: Script | null;
  readonly line: number;
  readonly column: number;
}

/** What the inspector knows of a function. */
export interface Inspection {
  readonly location: Location | null;
  readonly scopes: readonly CapturedScope[];
}

/** The inspector cannot be used here. */
export class NoInspector extends Error {}

type Remote = {
  readonly objectId?: string;
  readonly description?: string;
  readonly value?: unknown;
};
type Property = { readonly name: string; readonly value?: Remote };

/** How values pass between here and the inspector: by a property that both sides can reach. */
interface Bridge {
  fn: unknown;
  scopes: ArrayLike<{ readonly description: string; readonly object: unknown }> | null;
}

const BRIDGE = Symbol.for('heddle.inspector.bridge');

/**
 * How the inspector gets at the bridge: a module of Node's has it, which is the same in every vm
 * context. There `globalThis` is another one, and test runners make copies of `process`.
 */
const REACH = "process.getBuiltinModule('node:inspector')[Symbol.for('heddle.inspector.bridge')]";

/** One for all copies of this library in a thread: it is in use within one call only. */
function bridgeOn(holder: object): Bridge {
  const known = Object.getOwnPropertyDescriptor(holder, BRIDGE)?.value as Bridge | undefined;
  if (known) return known;
  const bridge: Bridge = { fn: null, scopes: null };
  Object.defineProperty(holder, BRIDGE, { value: bridge });
  return bridge;
}

/** So many functions the inspector may hold on to, within one turn of the event loop. */
const RELEASE_AFTER = 64;

class Inspector {
  readonly #session: Session;
  readonly #bridge: Bridge;
  readonly #scripts = new Map<string, Script>();
  #debugging = false;
  #shown = 0;

  constructor() {
    try {
      const inspector = process.getBuiltinModule('node:inspector');
      this.#bridge = bridgeOn(inspector);
      this.#session = new inspector.Session();
      this.#session.connect();
    } catch (cause) {
      throw new NoInspector('node:inspector cannot be used', { cause });
    }
  }

  #post(method: string, params: object): Record<string, unknown> {
    let answer: Record<string, unknown> | undefined;
    let failure: Error | null = null;
    (
      this.#session as unknown as {
        post(m: string, p: object, done: (e: Error | null, r?: object) => void): void;
      }
    ).post(method, params, (error, result) => {
      failure = error;
      answer = result as Record<string, unknown>;
    });
    if (failure) throw failure;
    if (!answer) throw new NoInspector('the inspector does not answer on this thread');
    return answer;
  }

  inspect(fn: object): Inspection {
    this.#bridge.fn = fn;
    try {
      const { result, exceptionDetails } = this.#post('Runtime.evaluate', {
        expression: `${REACH}.fn`,
        objectGroup: 'heddle',
      }) as { result: Remote; exceptionDetails?: object };
      if (exceptionDetails || result.objectId === undefined) {
        throw new NoInspector('the inspector looks at another realm than this one');
      }
      const { internalProperties = [] } = this.#post('Runtime.getProperties', {
        objectId: result.objectId,
        ownProperties: true,
      }) as { internalProperties?: readonly Property[] };
      const find = (name: string) => internalProperties.find((item) => item.name === name)?.value;
      return {
        location: this.#location(find('[[FunctionLocation]]')),
        scopes: this.#scopes(find('[[Scopes]]')?.objectId),
      };
    } finally {
      this.#bridge.fn = null;
      this.#releaseLater();
    }
  }

  /** Lets the inspector forget the functions it was shown: not after each, that takes a sixth. */
  #releaseLater(): void {
    if (this.#shown === 0) setImmediate(() => this.#release()).unref();
    if (++this.#shown >= RELEASE_AFTER) this.#release();
  }

  #release(): void {
    if (this.#shown === 0) return;
    this.#shown = 0;
    try {
      this.#post('Runtime.releaseObjectGroup', { objectGroup: 'heddle' });
    } catch {
      // One that doesn't answer has nothing to forget; nobody could catch the error of a timer.
    }
  }

  #location(remote: Remote | undefined): Location | null {
    const value = remote?.value as
      | { scriptId: string; lineNumber: number; columnNumber: number }
      | undefined;
    if (!value) return null;
    return {
      script: this.#script(value.scriptId),
      line: value.lineNumber,
      column: value.columnNumber,
    };
  }

  #script(id: string): Script | null {
    if (!this.#scripts.has(id)) this.#learnScripts();
    return this.#scripts.get(id) ?? null;
  }

  /** Enabling the debugger tells all scripts; it is off again at once, as it costs speed. */
  #learnScripts(): void {
    if (this.#debugging) return;
    const listen = ({ params }: { params: Record<string, unknown> }) => {
      this.#scripts.set(params.scriptId as string, {
        id: params.scriptId as string,
        url: (params.url as string) ?? '',
        isModule: params.isModule === true,
        sourceMapUrl: (params.sourceMapURL as string) ?? '',
        startLine: (params.startLine as number) ?? 0,
        startColumn: (params.startColumn as number) ?? 0,
      });
    };
    this.#session.on('Debugger.scriptParsed', listen as never);
    this.#debugging = true;
    try {
      this.#post('Debugger.enable', {});
      this.#post('Debugger.disable', {});
    } finally {
      this.#debugging = false;
      this.#session.off('Debugger.scriptParsed', listen as never);
    }
  }

  #scopes(objectId: string | undefined): CapturedScope[] {
    if (!objectId) return [];
    // The list's elements are { description, object } as JavaScript sees them.
    this.#post('Runtime.callFunctionOn', {
      objectId,
      functionDeclaration: `function () { ${REACH}.scopes = this; }`,
      silent: true,
    });
    const { scopes } = this.#bridge;
    this.#bridge.scopes = null;
    const found: CapturedScope[] = [];
    for (let i = 0; i < (scopes?.length ?? 0); i++) {
      const { description, object } = scopes![i]!;
      if (description.startsWith('Global')) continue;
      const end = description.indexOf(' ');
      found.push({
        kind: end < 0 ? description : description.slice(0, end),
        variables: object as Record<string, unknown>,
      });
    }
    return found;
  }

  source(script: Script): string {
    this.#post('Debugger.enable', {});
    try {
      return this.#post('Debugger.getScriptSource', { scriptId: script.id }).scriptSource as string;
    } finally {
      this.#post('Debugger.disable', {});
    }
  }
}

let inspector: Inspector | null = null;

function open(): Inspector {
  inspector ??= new Inspector();
  return inspector;
}

/**
 * Reads a function's scopes and place.
 *
 * @throws {@link NoInspector} where there is none
 */
export function inspectFunction(fn: object): Inspection {
  return open().inspect(fn);
}

const sources = new Map<string, string>();

/** The source of a script, as it was compiled. */
export function sourceOf(script: Script): string {
  let source = sources.get(script.id);
  if (source === undefined) {
    source = open().source(script);
    sources.set(script.id, source);
  }
  return source;
}
