/**
 * Loads modules and runs code for `heddle info`, as a script in the working directory would.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import vm from 'node:vm';

type Body = (require: NodeJS.Require) => Promise<unknown>;

/** Runs something without the one warning that it would print on our account. */
async function withoutWarning<T>(text: string, run: () => Promise<T>): Promise<T> {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (!String(warning).includes(text)) Reflect.apply(emitWarning, process, [warning, ...rest]);
  }) as typeof process.emitWarning;
  try {
    return await run();
  } finally {
    process.emitWarning = emitWarning;
  }
}

async function inWorkingDirectory(code: string): Promise<unknown> {
  const filename = path.join(process.cwd(), '[heddle]');
  const script = new vm.Script(`(async (require) => {\n${code}\n})`, {
    filename,
    lineOffset: -1,
    // import() finds packages from the file's folder, as require does.
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return withoutWarning('USE_MAIN_CONTEXT_DEFAULT_LOADER', () =>
    (script.runInThisContext() as Body)(createRequire(filename)),
  );
}

/**
 * Imports modules by the names that a script here would use; what can't be loaded is told on
 * stderr and is no reason to stop.
 */
export async function importModules(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const specifier = name.startsWith('.') || path.isAbsolute(name) ? path.resolve(name) : name;
    try {
      await inWorkingDirectory(`await import(${JSON.stringify(specifier)})`);
    } catch (error) {
      const [reason] = String((error as Error | undefined)?.message ?? error).split('\n');
      process.stderr.write(`heddle info: the module '${name}' could not be loaded: ${reason}\n`);
    }
  }
}

/** Runs code as the body of an async function that has `require`, and `import()` too. */
export async function runCode(code: string): Promise<void> {
  await inWorkingDirectory(code);
}
