/**
 * Starts the program that a command watches.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * @param command - the program and its arguments
 * @param env - variables beside those of this process
 * @throws Error where it can't be started
 */
export async function start(
  command: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ChildProcess> {
  const [program = '', ...rest] = command;
  const child = spawn(program, rest, { stdio: 'inherit', env: { ...process.env, ...env } });
  try {
    await once(child, 'spawn');
  } catch (error) {
    throw new Error(`'${program}' could not be started: ${(error as Error).message}`);
  }
  return child;
}
