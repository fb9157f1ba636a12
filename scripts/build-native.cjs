#!/usr/bin/env node
// Compiles the addon with CMake and copies what it makes to where the loader looks.
//
//   node scripts/build-native.cjs [--out DIR] [--preset release|asan|tsan]
//
// Also installed as `heddle-build`, for systems without a prebuild: no install script runs it, since
// package managers run none of a dependency unless told to.
'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync } = require('node:fs');
const { availableParallelism } = require('node:os');
const path = require('node:path');
const { parseArgs } = require('node:util');

const root = path.resolve(__dirname, '..');
const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    preset: { type: 'string' },
  },
});
// scripts/prebuilds.mjs compiles through node-gyp, which passes nothing on but the environment.
const prebuildTarget = process.env.HEDDLE_PREBUILD_TARGET;
const preset = values.preset ?? (prebuildTarget ? 'prebuild' : 'release');
const folders = { release: 'cmake', prebuild: `prebuild-${prebuildTarget}` };
const binaryDir = path.join(root, 'build', folders[preset] ?? preset);
const out = path.resolve(
  values.out ?? path.join(root, 'build', preset === 'release' ? 'Release' : `${preset}-out`),
);

// gyp's Makefile exports these, and CMake's generator would take them for its own.
const env = { ...process.env };
for (const name of ['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL', 'MAKEOVERRIDES', 'BUILDTYPE']) {
  delete env[name];
}

const exists = (command) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;

function fail(why) {
  console.error(`heddle: ${why}`);
  process.exit(1);
}

if (process.platform !== 'win32') {
  const missing = ['cmake', env.CXX ?? 'c++'].filter((command) => !exists(command));
  if (!exists('ninja') && !exists('make')) missing.push('make');
  if (missing.length > 0) {
    fail(
      `not found: ${missing.join(', ')}. Building from source needs CMake 3.21 or later, a C++17 ` +
        'compiler, and make or Ninja (Debian: apt-get install cmake g++ make).',
    );
  }
}

// Optional peers of the package, as others are for other things: whoever has a prebuild needs none of
// them.
const { peerDependencies } = require('../package.json');
const headers = ['node-addon-api', 'node-api-headers']
  .map((name) => [name, peerDependencies[name]])
  .filter(([name]) => {
    try {
      require.resolve(`${name}/package.json`);
      return false;
    } catch {
      return true;
    }
  });
if (headers.length > 0) {
  const wanted = headers.map(([name, range]) => `${name}@${range}`).join(' ');
  fail(
    `not found: ${headers.map(([name]) => name).join(', ')}. Building from source needs these ` +
      `packages: \`npm install --save-dev ${wanted}\`.`,
  );
}

function run(command, args) {
  try {
    execFileSync(command, args, { cwd: root, env, stdio: 'inherit' });
  } catch (error) {
    fail(`'${command} ${args.join(' ')}' failed: ${error.message}`);
  }
}

// The generator is fixed when a build folder is first configured; Ninja is the faster one.
const configured = existsSync(path.join(binaryDir, 'CMakeCache.txt'));
if (!configured && !env.CMAKE_GENERATOR && exists('ninja')) env.CMAKE_GENERATOR = 'Ninja';
run('cmake', ['--preset', preset]);
// A number: without one, make starts every compiler at once.
run('cmake', ['--build', binaryDir, '--parallel', String(availableParallelism())]);

/** Into place by rename: a process that has the old file mapped keeps it. */
function install(folder, name) {
  const target = path.join(out, name);
  copyFileSync(path.join(folder, name), `${target}.new`);
  renameSync(`${target}.new`, target);
}

mkdirSync(out, { recursive: true });
for (const name of readdirSync(binaryDir)) {
  if (/\.(node|so|dylib|dll)$/.test(name)) install(binaryDir, name);
}

// The libraries that the addon brings along (scripts/native), where they were made.
const bundle = path.join(root, '.cache/bundle', `${process.platform}-${process.arch}`);
if (!prebuildTarget && existsSync(bundle)) {
  for (const name of readdirSync(bundle))
    if (/^lib.*\.so(\.\d+)?$/.test(name)) install(bundle, name);
}
