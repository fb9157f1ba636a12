// Runs the benchmarks, which are TypeScript. The loader is registered in this thread only (not
// with --import), so that workers and child processes that a contender starts don't carry it.
import { register } from 'tsx/esm/api';

register();
const { main } = await import('./harness/main.ts');
process.exitCode = await main(process.argv.slice(2));
