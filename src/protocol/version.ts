/**
 * What a worker says of itself: a scheduler and its workers must be the same build of this package.
 */

/** The package's version; a worker need not read its manifest to know it. */
export const VERSION = '0.1.0';

/** The environment, as far as serialized values depend on it. */
export const BUILD = `node-${process.version}-${process.platform}-${process.arch}`;
