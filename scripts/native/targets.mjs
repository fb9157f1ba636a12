// The platforms that prebuilds are made for, and what each needs.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Newest glibc symbol version that may be needed: what the official Node binaries need. */
export const GLIBC_FLOOR = '2.28';

/** Libraries of glibc itself, which the process has already; nothing else may be needed. */
export const GLIBC_LIBRARIES = /^(lib(c|m|dl|pthread)\.so\.\d|ld-linux-[\w-]+\.so\.\d)$/;

/**
 * `sysroot` is an npm package with the glibc 2.17 of CentOS 7. It is fetched when a prebuild is
 * made and is no devDependency: its manifest allows x64 only, so that `npm ci` would refuse it
 * elsewhere, though the sysroot is a folder of files and serves any host.
 */
export const targets = {
  'linux-x64': {
    platform: 'linux',
    arch: 'x64',
    debianArch: 'amd64',
    triple: 'x86_64-linux-gnu',
    sysroot: {
      package: '@napi-rs/cross-toolchain-x64-target-x86_64@1.0.0',
      integrity:
        'sha512-lecoghCfoTAX9MLFcIx9/nL9M8xdkZ9n8Pki8qjKUNzjiq1zbECdEbzIZAMMHRtrXxifK9dAyYuh8gSxNbr2og==',
      folder: 'x86_64-unknown-linux-gnu',
    },
    emulator: 'qemu-x86_64-static',
    openblasMegabytes: 32,
  },
  'linux-arm64': {
    platform: 'linux',
    arch: 'arm64',
    debianArch: 'arm64',
    triple: 'aarch64-linux-gnu',
    sysroot: {
      package: '@napi-rs/cross-toolchain-x64-target-aarch64@1.0.3',
      integrity:
        'sha512-EMFcy/ahFsmCY3BI1tMC3wRUYZ+cDuILg7nP1micaKXW1tO1+RvUB1CC6QYe+cv2W4Tuz9wr3qcFExWyjgWf2w==',
      folder: 'aarch64-unknown-linux-gnu',
    },
    emulator: 'qemu-aarch64-static',
    openblasMegabytes: 16,
  },
};

export const hostTarget = `${process.platform}-${process.arch}`;

/** A step that could not be done, with a message for the person at the terminal. */
export class BuildProblem extends Error {}

/** Runs a command and returns its output; what it printed is in the error where it fails. */
export function run(command, args, options = {}) {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  });
  if (error?.code === 'ENOENT') throw new BuildProblem(`'${command}' was not found`);
  if (error) throw error;
  if (status !== 0) {
    const how = signal ?? `exit code ${status}`;
    const line = [command, ...args].join(' ').slice(0, 300);
    throw new BuildProblem(`'${line}' failed (${how}):\n${stdout ?? ''}${stderr ?? ''}`);
  }
  return stdout;
}

/** Whether a program can be run at all. */
export function exists(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

/** The compiler, binutils and emulator for a target on this machine. */
export function toolsOf(name) {
  const { triple, emulator } = targets[name];
  const prefix = name === hostTarget ? '' : `${triple}-`;
  return {
    cc: `${prefix}gcc`,
    cxx: `${prefix}g++`,
    ar: `${prefix}ar`,
    nm: `${prefix}nm`,
    strip: `${prefix}strip`,
    readelf: `${prefix}readelf`,
    emulator: name === hostTarget ? undefined : emulator,
  };
}

/** Whether this machine can compile for a target and run what it compiled. */
export function canBuild(name) {
  const { cc, cxx, emulator } = toolsOf(name);
  return process.platform === 'linux' && [cc, cxx, emulator ?? cc].every(exists);
}
