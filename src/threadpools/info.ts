/**
 * What thread pools there are now.
 */
import { infosOf } from './controller.ts';
import { allPools } from './limits.ts';
import type { ThreadpoolInfo } from './types.ts';

/**
 * Describes every runtime with threads of its own that is loaded into this process now: BLAS
 * libraries, OpenMP, libvips, and what {@link registerController} has made known. Whoever loaded
 * them, and however; each file once, with symbolic links resolved.
 */
export function threadpoolInfo(): ThreadpoolInfo[] {
  return infosOf(allPools());
}
