/**
 * What a job may ask of the start of its workers: options, what each may be, and whether the backend
 * can give it.
 */
import path from 'node:path';
import { rangeError, typeError } from '../errors.ts';
import {
  type Option,
  type OptionsOf,
  positiveNumber,
  readOptions,
  wholeNumber,
} from '../options.ts';
import type { Backend, ResourceLimits, WorkerSettings } from '../protocol/index.ts';

const megabytes = positiveNumber({ most: 2 ** 22, unit: 'megabytes' });

const resourceLimits = {
  /** The heap for what lives long. */
  maxOldGenerationSizeMb: megabytes,
  /** The heap for what has just been made. */
  maxYoungGenerationSizeMb: megabytes,
  /** Room for generated code. */
  codeRangeSizeMb: megabytes,
  /** The stack; V8's default for threads is 4. */
  stackSizeMb: positiveNumber({ most: 1024, unit: 'megabytes' }),
};

/** Whether the system can be given a text: C's end where it has a zero. */
function isPassable(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

const texts: Option<readonly string[]> = (name, value) => {
  const right = 'an array of texts without zero bytes';
  if (!Array.isArray(value)) throw typeError(name, value, right);
  for (let i = 0; i < value.length; i++) {
    if (!isPassable(value[i])) throw typeError(`${name}[${i}]`, value[i], right);
  }
  return [...(value as readonly string[])];
};

/** Variables in the order of their names, so that equal environments have equal pools. */
const environment: Option<Readonly<Record<string, string | undefined>>> = (name, value) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw typeError(name, value, 'an object of variables');
  }
  const variables: Record<string, string | undefined> = Object.create(null);
  for (const key of Object.keys(value).sort()) {
    const given = (value as Record<string, unknown>)[key];
    if (key === '' || !isPassable(key) || key.includes('=')) {
      throw rangeError(
        `a key of ${name}`,
        key,
        "the name of a variable, without '=' and zero bytes",
      );
    }
    if (given !== undefined && !isPassable(given)) {
      throw typeError(`${name}.${key}`, given, 'a text without zero bytes, or undefined');
    }
    variables[key] = given;
  }
  return variables;
};

const folder: Option<string> = (name, value) => {
  if (!isPassable(value) || value === '') throw typeError(name, value, 'the path of a folder');
  return path.resolve(value);
};

/** Workers that were asked for other things than these are other workers. */
export const workerSettings = {
  /**
   * Variables of the workers' environment, over those of this process; undefined takes one away. A
   * thread has them in its `process.env`, where code in C does not look.
   */
  env: environment,
  /**
   * Flags for Node, after those of this program, which workers have too. Each worker gets a port of its
   * own for `--inspect` and a file of its own for `--cpu-prof-name`.
   */
  execArgv: texts,
  /** What `process.argv` of the workers has after the program. Default: nothing. */
  argv: texts,
  /** The workers' folder, for processes. Default: that of this process as it is at the call. */
  cwd: folder,
  /**
   * The priority of the workers' threads, as `os.setPriority` has it: from -20 (first) to 19 (last).
   * Threads only on Linux. Less than this process has takes rights.
   */
  nice: wholeNumber({ least: -20, most: 19 }),
  /** Limits of a worker's heap; processes have the two of its generations. */
  resourceLimits: ((name, value) =>
    readOptions(name, resourceLimits, value)) as Option<ResourceLimits>,
};

const names = Object.keys(workerSettings) as (keyof WorkerSettings)[];

/** What was asked of the workers' start; null where nothing was. */
export function settingsOf(options: OptionsOf<typeof workerSettings>): WorkerSettings | null {
  const asked = names.filter((name) => options[name] !== undefined);
  if (asked.length === 0) return null;
  return Object.fromEntries(asked.map((name) => [name, options[name]])) as WorkerSettings;
}

/**
 * Refuses what a backend's workers can't be started with.
 *
 * @throws RangeError that names the option
 */
export function checkSettings(backend: Backend, settings: WorkerSettings): void {
  for (const name of names) {
    const value = settings[name];
    if (value === undefined) continue;
    const accepted = backend.settings?.[name] as
      | true
      | undefined
      | ((value: unknown) => string | undefined);
    const why =
      typeof accepted === 'function'
        ? accepted(value)
        : accepted || "its workers can't be given it";
    if (typeof why !== 'string') continue;
    throw rangeError(name, value, `left out with the backend '${backend.name}': ${why}`);
  }
}

/** Settings as a text that is the same for equal ones. */
export function settingsKey(settings: WorkerSettings | null): string {
  if (settings === null) return '';
  return JSON.stringify(settings, (_key, value: unknown) => (value === undefined ? null : value));
}

/** Settings in words. */
export function describeSettings(settings: WorkerSettings): string {
  const { env, execArgv, argv, cwd, nice, resourceLimits: limits } = settings;
  const parts = [
    ...(env ? [`env ${Object.keys(env).join(', ') || 'as it is'}`] : []),
    ...(execArgv ? [`execArgv ${execArgv.join(' ')}`] : []),
    ...(argv ? [`argv ${argv.join(' ')}`] : []),
    ...(cwd === undefined ? [] : [`cwd ${cwd}`]),
    ...(nice === undefined ? [] : [`nice ${nice}`]),
    ...(limits ? [`resourceLimits ${JSON.stringify(limits)}`] : []),
  ];
  return `workers that are started with ${parts.join('; ')}`;
}
