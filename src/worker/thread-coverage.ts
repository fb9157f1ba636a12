/**
 * Counts of what runs in a thread, for NODE_V8_COVERAGE. Node writes them itself where the environment of
 * the process has that variable; a thread that sets it, as a worker of a test runner does, sets it in a
 * copy of its own, and what the threads that it starts have run would be counted by nobody.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What the inspector tells of a script (Chrome's protocol, Profiler.ScriptCoverage). */
interface ScriptCoverage {
  readonly url: string;
}

/**
 * Counts from now on, and writes a file like Node's when the thread ends. Where Node counts as well
 * nothing is counted twice: taking the counts sets them back.
 *
 * @param folder - where the file goes, as in NODE_V8_COVERAGE
 */
export function countCoverage(folder: string, threadId: number): void {
  const { Session } = process.getBuiltinModule('node:inspector');
  const session = new Session();
  session.connect();
  // It answers before the call returns.
  session.post('Profiler.enable');
  session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  process.on('exit', () => {
    session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error) throw error;
      const result = (answer.result as readonly ScriptCoverage[]).filter(({ url }) =>
        url.startsWith('file:'),
      );
      const name = `coverage-${process.pid}-${Date.now()}-${threadId}.json`;
      mkdirSync(folder, { recursive: true });
      writeFileSync(path.join(folder, name), JSON.stringify({ result }));
    });
  });
}
