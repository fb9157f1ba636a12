/**
 * What every entry of the package imports first: tells of a bundle that has this library inside,
 * before anything is loaded that such a bundle lacks.
 */
export const INLINED =
  'heddle: a bundler has put this library into another file, where neither its addon nor its ' +
  "workers can be found. Leave 'heddle' and 'heddle/*' out of the bundle (external), and in " +
  'node_modules: docs/bundlers.md shows how.';

/** A function that throws it, as a script. */
export const THROW = `(message) => {
  throw Object.assign(new Error(message), { code: 'ERR_HEDDLE_INLINED' });
}`;

/** webpack, and what follows it, puts a function here; import.meta.url stays as it was there. */
declare const __webpack_require__: unknown;

// In a bundle it is that file's URL, one of a place that isn't (Turbopack), or undefined (CommonJS).
const own: string | undefined = import.meta.url;
const inPackage = own !== undefined && /\/(dist|src)\/inlined\.[jt]s([?#]|$)/.test(own);
if (
  typeof __webpack_require__ !== 'undefined' ||
  !inPackage ||
  !process.getBuiltinModule('node:fs').existsSync(new URL(own))
) {
  // Before an error that nobody catches Node prints the line where it was made: of a minified bundle
  // that is megabytes, and the message is cut off. So it is made in a script of its own.
  process.getBuiltinModule('node:vm').runInThisContext(THROW)(INLINED);
}
