/** Versions of Node that tests run programs with. */
import { knownNode } from '../../scripts/other-node.mjs';

/** The file of a version of Node that is there. */
export function otherNode(version: string): string {
  const node = knownNode(version);
  if (node === null) throw new Error(`run: node scripts/other-node.mjs ${version}`);
  return node;
}

/** Whether these versions of Node are there. */
export function hasNodes(...versions: readonly string[]): boolean {
  return versions.every((version) => knownNode(version) !== null);
}
