/**
 * The name of this machine, which workers have in their addresses.
 */
import { hostname } from 'node:os';

let name: string | undefined;

/** Asked of the system once: the calling process is a worker anew for each job that it runs itself. */
export function hostName(): string {
  name ??= hostname();
  return name;
}
