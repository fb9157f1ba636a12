/**
 * The priority of a worker: the system's nice value.
 */
/**
 * Gives the threads of this worker a nice value; those that they start later inherit it.
 *
 * @throws what the system says, such as EACCES where that takes rights
 */
export function setNice(nice: number, kind: 'process' | 'thread' | 'machine'): void {
  const os = process.getBuiltinModule('node:os');
  if (process.platform !== 'linux') {
    os.setPriority(nice);
    return;
  }
  // Linux has a value for each thread, and takes the number of one.
  const fs = process.getBuiltinModule('node:fs');
  if (kind === 'thread') {
    os.setPriority(Number(fs.readlinkSync('/proc/thread-self').split('/').at(-1)), nice);
    return;
  }
  for (const thread of fs.readdirSync('/proc/self/task')) os.setPriority(Number(thread), nice);
}
