/**
 * Loads the addon; the only file that knows its raw shape.
 *
 * Every size that passes here is checked by the caller in TypeScript and again at the boundary in
 * C++. Functions here are not for users: each floor wraps its own module.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** Sizes of real OpenMP teams, opened on the calling thread. */
export interface NativeOpenmp {
  /** Whether the OpenMP kernels could be opened. */
  available(): boolean;
  /** Opens a region of `threads` (default: what OpenMP takes itself) and returns how many ran. */
  teamSize(threads?: number): number;
  /** The largest team a region nested in one of `outer` threads gets. */
  nestedTeamSize(outer: number): number;
}

/** The addon's modules, one for each folder of `native/`. */
export interface NativeAddon {
  readonly openmp: NativeOpenmp;
}

function load(): NativeAddon {
  const require = createRequire(import.meta.url);
  const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
  const override = process.env.HEDDLE_ADDON;
  try {
    if (override) return require(path.resolve(override)) as NativeAddon;
    const nodeGypBuild = require('node-gyp-build') as (root: string) => NativeAddon;
    return nodeGypBuild(root);
  } catch (cause) {
    throw new Error(
      `heddle: no addon for ${process.platform}-${process.arch} (Node ${process.versions.node}) ` +
        `could be loaded from ${override ?? root}. Build it with \`npx heddle-build\` ` +
        '(needs CMake 3.20 or later and a C++17 compiler).',
      { cause },
    );
  }
}

/** The addon, loaded once for each JavaScript environment. */
export const native: NativeAddon = load();
