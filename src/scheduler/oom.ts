/**
 * Whether the kernel has killed for lack of memory: its counters before and after a worker's end.
 */
import fs from 'node:fs';

const files = ['/proc/vmstat', '/sys/fs/cgroup/memory.events'] as const;

/** The sum of the kernel's counters of processes killed for lack of memory; 0 where it has none. */
export function outOfMemoryKills(): number {
  let kills = 0;
  for (const file of files) {
    try {
      const match = /^oom_kill (\d+)$/m.exec(fs.readFileSync(file, 'utf8'));
      if (match) kills += Number(match[1]);
    } catch {
      // Not this system, or not to be read from here.
    }
  }
  return kills;
}

const MEMORY_HINT =
  'The kernel has killed a process for lack of memory meanwhile: use fewer workers (jobs), or ' +
  'share large arrays instead of copying them.';

const ABORT_HINT =
  'An abort is a failed check of native code, or a heap of V8 that is full ' +
  '(--max-old-space-size): what it said is on stderr.';

/** A hint for a crash report; `before` is what {@link outOfMemoryKills} said earlier. */
export function crashHint(
  before: number,
  signal: NodeJS.Signals | null,
  error: Error | undefined,
): string | undefined {
  if (signal === 'SIGABRT') return ABORT_HINT;
  const code = (error as { code?: unknown } | undefined)?.code;
  if (code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return 'The worker reached the limit of its heap: raise resourceLimits.maxOldGenerationSizeMb.';
  }
  if (signal !== 'SIGKILL') return undefined;
  return outOfMemoryKills() > before ? MEMORY_HINT : undefined;
}
