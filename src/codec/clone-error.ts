/**
 * The error for values that cannot reach a worker.
 */
import { types } from 'node:util';

/**
 * A value cannot travel between workers. Thrown before anything is sent.
 *
 * The message names the path to the offending value as the user would write it
 * (`model.db.socket`), what it is, and what to do instead.
 */
export class CloneError extends TypeError {
  override readonly name = 'CloneError';
  readonly code = 'ERR_HEDDLE_CLONE';
  /** Where the value was found, as an expression: `task[3].handler`. */
  readonly path: string;
  /** What is there, with an article: `a Socket`. */
  readonly what: string;
  /** What can be done about it. */
  readonly remedy: string;

  /**
   * @param capturer - the function that captures the value, described; the path then begins with
   *   the name of a variable, and is empty for the function itself
   */
  constructor(path: string, what: string, remedy: string, capturer?: string) {
    const subject = capturer ?? `'${path}'`;
    const why = capturer !== undefined && path !== '' ? `captures '${path}'` : 'is';
    const verb = why === 'is' ? `is ${what}` : `${why}, ${what}`;
    super(`${subject} cannot be sent to a worker: it ${verb}. ${remedy}`);
    this.path = path;
    this.what = what;
    this.remedy = remedy;
  }
}

/** What to do with an instance that is more than what its properties show. */
export const REMEDY_CLASS =
  'Give its class [heddle.state]() and static [heddle.restore](state), or send plain data.';

/** What to do with a Proxy: nobody can look into one, or make it anew. */
export const PROXY_REMEDY = 'Send what it stands for.';

/** A property access as it would be written in source: `.name` or `["two words"]` or `[3]`. */
export function step(path: string, key: string | number): string {
  if (typeof key === 'number' || /^\d+$/.test(key)) return `${path}[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `${path}.${key}` : `${path}[${JSON.stringify(key)}]`;
}

/** The kind of a value with its article, for messages: `a Socket`, `an unregistered symbol`. */
export function kindOf(value: unknown): string {
  if (typeof value === 'symbol') return `an unregistered symbol (${String(value)})`;
  if (types.isProxy(value)) return 'a Proxy';
  if (typeof value === 'function') return `a function (${value.name || 'anonymous'})`;
  if (types.isPromise(value)) return 'a Promise';
  if (types.isGeneratorObject(value)) return 'a generator';
  const name = constructorName(value);
  return `${/^[AEIOU]/i.test(name) ? 'an' : 'a'} ${name}`;
}

function constructorName(value: unknown): string {
  try {
    const name = (value as { constructor?: { name?: unknown } }).constructor?.name;
    if (typeof name === 'string' && name && name !== 'Object') return name;
  } catch {
    // A getter that throws: the tag below will do.
  }
  return Object.prototype.toString.call(value).slice(8, -1);
}
