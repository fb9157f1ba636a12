// The package managers that the packed package is installed with, each with its defaults: none of them
// runs the install scripts of a dependency, and Heddle must need none.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { npmPackage } from './native/npm-package.mjs';

/** What npm here takes packages from, for the managers that do not read its configuration. */
function npmConfig(key) {
  const value = execFileSync('npm', ['config', 'get', key], { encoding: 'utf8' }).trim();
  return value === 'null' || value === 'undefined' ? '' : value;
}

/**
 * `start(work)`: the command and variables that run the manager, with all that it keeps in `work`.
 * `node`: what starts Node so that it finds what was installed.
 */
export const managers = {
  // The last major that is one file of JavaScript: later ones download a binary at their first start.
  pnpm: {
    package: 'pnpm@10.34.8',
    integrity:
      'sha512-9ieo6XE0Ov5J39D2PQKCNCAd+oMdXLWIcz4eX42ya/FpiaMhYatcG02zsf28NzFgYGtbieAC323RmoWt+R/FqA==',
    start: (files, work) => ({
      command: [process.execPath, path.join(files, 'bin/pnpm.cjs')],
      env: { PNPM_HOME: work, XDG_DATA_HOME: work, XDG_CACHE_HOME: work, XDG_STATE_HOME: work },
    }),
    node: [],
  },
  'yarn PnP': {
    package: '@yarnpkg/cli-dist@4.18.1',
    integrity:
      'sha512-EH+A4TxAtBWXKE0DGQxW9Bo9crXHLJ73mfxjTQJuv8XonNWWTpei8BQ5JjczHJNU9GROTycwMFn8iOvRIZXUcA==',
    start: (files, work) => ({
      command: [process.execPath, path.join(files, 'bin/yarn.js')],
      env: {
        YARN_GLOBAL_FOLDER: work,
        YARN_ENABLE_TELEMETRY: '0',
        YARN_NPM_REGISTRY_SERVER: npmConfig('registry'),
        YARN_HTTPS_CA_FILE_PATH: process.env.NODE_EXTRA_CA_CERTS || npmConfig('cafile'),
      },
    }),
    node: ['--require', './.pnp.cjs', '--experimental-loader', './.pnp.loader.mjs'],
  },
  Bun: {
    package: '@oven/bun-linux-x64-baseline@1.4.5',
    integrity:
      'sha512-s8yMwYcFnnrA178gji0gZbkE2WVDej/Ti1x770oPfihxyRxSMNhGhiAQNXV53aDeraZxksdvKV/RAdQBCd0qPA==',
    start: (files, work) => ({
      command: [path.join(files, 'bin/bun')],
      env: { BUN_INSTALL_CACHE_DIR: work, BUN_CONFIG_REGISTRY: npmConfig('registry') },
    }),
    node: [],
  },
};

/** Makes an app in `folder` that depends on the package in `archive`, and installs it. */
export function installWith(name, folder, archive, env) {
  const { package: spec, integrity, start } = managers[name];
  const work = `${folder}-cache`;
  mkdirSync(folder);
  mkdirSync(work);
  const app = { name: 'app', private: true, dependencies: { heddle: `file:${archive}` } };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(app));
  // Yarn takes an empty lock file for the root of a project.
  if (name === 'yarn PnP') writeFileSync(path.join(folder, 'yarn.lock'), '');
  const { command, env: own } = start(npmPackage(spec, integrity), work);
  const set = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== ''));
  return execFileSync(command[0], [...command.slice(1), 'install'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...env, ...set },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
