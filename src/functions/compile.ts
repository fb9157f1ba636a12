/**
 * Compiles the text of a function in a worker.
 */
import vm from 'node:vm';
import type { TextPayload } from './payload.ts';

/** Compiles a function that needs nothing but its text. */
export function compile(payload: TextPayload): unknown {
  // vm.Script and not Function(): it works under --disallow-code-generation-from-strings too.
  const script = new vm.Script(`'use strict';(${payload.code})`, {
    filename: `heddle:function/${payload.id}`,
    importModuleDynamically: vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return script.runInThisContext() as unknown;
}
