// Checks what a shared library asks of the system that loads it.
import { BuildProblem, GLIBC_FLOOR, GLIBC_LIBRARIES, run, toolsOf } from './targets.mjs';

function newer(a, b) {
  const [x, y] = [a, b].map((version) => version.split('.').map(Number));
  return x[0] !== y[0] ? x[0] > y[0] : (x[1] ?? 0) > (y[1] ?? 0);
}

/** The libraries that a file names as needed. */
export function neededLibraries(target, file) {
  const text = run(toolsOf(target).readelf, ['-dW', file], {
    env: { ...process.env, LC_ALL: 'C' },
  });
  return [...text.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map((match) => match[1]);
}

/** The newest version of glibc's symbols that a file asks for. */
export function glibcFloor(target, file) {
  const text = run(toolsOf(target).readelf, ['--dyn-syms', '-W', file]);
  let floor = '2.0';
  for (const [, version] of text.matchAll(/\bUND\b.*@GLIBC_([\d.]+)/g)) {
    if (newer(version, floor)) floor = version;
  }
  return floor;
}

/**
 * Functions that came after the sysroot's glibc and before Node's own floor. They are left open at
 * the link, and found at run time in every glibc that a Node binary runs on.
 */
const LATER = { __cxa_thread_atexit_impl: '2.18', getentropy: '2.25', memfd_create: '2.27' };

/**
 * Symbols that a file leaves to whoever loads it: a function that the sysroot lacks shows up here,
 * since an addon can't be linked with `-z defs` (Node itself defines what it calls of Node-API and
 * libuv).
 */
export function looseSymbols(target, file) {
  const text = run(toolsOf(target).readelf, ['--dyn-syms', '-W', file]);
  const loose = [];
  for (const [, name] of text.matchAll(/\bGLOBAL\s+\w+\s+UND\s+(\S+)/g)) {
    if (!name.includes('@') && !/^(napi_|node_api_|uv_)/.test(name)) loose.push(name);
  }
  return loose;
}

/** Fails unless the file runs on every system on which Node itself does. */
export function checkFloors(target, file, extraNeeded = []) {
  const needed = neededLibraries(target, file);
  const foreign = needed.filter(
    (name) => !GLIBC_LIBRARIES.test(name) && !extraNeeded.includes(name),
  );
  if (foreign.length > 0) throw new BuildProblem(`${file} needs ${foreign.join(', ')}`);
  const open = looseSymbols(target, file);
  const loose = open.filter((name) => !Object.hasOwn(LATER, name));
  if (loose.length > 0) throw new BuildProblem(`${file} has nobody to define ${loose.join(', ')}`);
  const floor = [glibcFloor(target, file), ...open.map((name) => LATER[name])].reduce((a, b) =>
    newer(b, a) ? b : a,
  );
  if (newer(floor, GLIBC_FLOOR)) {
    throw new BuildProblem(`${file} needs glibc ${floor}; at most ${GLIBC_FLOOR} is allowed`);
  }
  return { floor, needed };
}
