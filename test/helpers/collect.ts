/** Collecting garbage when a test says so. */
import v8 from 'node:v8';
import vm from 'node:vm';

// Contexts that are made while the flag is set have it.
v8.setFlagsFromString('--expose-gc');
export const collect = vm.runInNewContext('gc') as () => void;
v8.setFlagsFromString('--no-expose-gc');
