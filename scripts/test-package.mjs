// Installs the packed tarball as a user would and runs it where nothing else is installed.
//
//   node scripts/test-package.mjs [--source] [--node VERSION]…
//
// The package goes into an empty folder, with install scripts off and no compiler on the PATH. It
// is run there, and again in a root folder of its own that holds Node, the libraries that Node needs
// and nothing else: no BLAS, no libgomp, no shell. Other package managers install it with their
// defaults, which run no install scripts of dependencies. With --source, what a user does where no
// prebuild fits is tried as well; --node adds other versions of Node (packages of npm).
import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { otherNode } from './other-node.mjs';
import { installWith, managers } from './package-managers.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '..');
const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: [] },
    source: { type: 'boolean', default: false },
  },
});
const target = `${process.platform}-${process.arch}`;
const work = mkdtempSync(path.join(os.tmpdir(), 'heddle-package-'));
const app = path.join(work, 'app');

/**
 * The most that the packed package may have. Every user downloads all platforms' binaries: beyond this
 * it is time for a package of each platform (CONTRIBUTING.md, "Release").
 */
const MAX_MEGABYTES = 25;
let archive = '';
let passed = 0;
let failed = 0;

function step(name, body) {
  const start = performance.now();
  try {
    const note = body() ?? '';
    passed++;
    console.log(`ok      ${name} (${((performance.now() - start) / 1000).toFixed(1)} s) ${note}`);
  } catch (error) {
    failed++;
    console.log(`FAILED  ${name}\n${error.stdout ?? ''}${error.stderr ?? ''}${error.message}`);
  }
}

/** A PATH with Node and npm and nothing else. */
function barePath() {
  const folder = path.join(work, 'bin');
  if (!existsSync(folder)) {
    mkdirSync(folder);
    symlinkSync(process.execPath, path.join(folder, 'node'));
    const npm = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim();
    symlinkSync(realpathSync(npm), path.join(folder, 'npm'));
  }
  return folder;
}

function bareEnvironment() {
  return {
    PATH: barePath(),
    HOME: os.homedir(),
    NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS ?? '',
  };
}

function runIn(folder, command, args, env = {}) {
  return execFileSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...bareEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function putChecks(folder) {
  for (const name of readdirSync(path.join(here, 'package-check'))) {
    copyFileSync(path.join(here, 'package-check', name), path.join(folder, name));
  }
}

/** Links of the documents in the package to files that it does not bring. */
function brokenLinks(folder) {
  const documents = readdirSync(folder, { recursive: true }).filter(
    (name) => name.endsWith('.md') && !name.includes('node_modules'),
  );
  return documents.flatMap((name) =>
    [...readFileSync(path.join(folder, name), 'utf8').matchAll(/\]\(([^)\s]+)\)/g)]
      .map(([, link]) => link)
      .filter((link) => !/^(https?:|#)/.test(link))
      .filter((link) => !existsSync(path.join(folder, path.dirname(name), link.split('#')[0])))
      .map((link) => `${name}: ${link}`),
  );
}

function install() {
  const [{ filename, size, unpackedSize }] = JSON.parse(
    execFileSync('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', work], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }),
  );
  archive = path.join(work, filename);
  mkdirSync(app);
  writeFileSync(path.join(app, 'package.json'), '{ "name": "app", "private": true }\n');
  runIn(app, process.execPath, [
    realpathSync(path.join(barePath(), 'npm')),
    ...['install', '--ignore-scripts', '--no-audit', '--no-fund', archive],
  ]);
  putChecks(app);
  if (size > MAX_MEGABYTES * 1e6) {
    throw new Error(`${(size / 1e6).toFixed(1)} MB packed; ${MAX_MEGABYTES} are the most`);
  }
  const broken = brokenLinks(path.join(app, 'node_modules/heddle'));
  if (broken.length > 0) throw new Error(`links to what is not packed:\n${broken.join('\n')}`);
  for (const name of ['node-addon-api', 'node-api-headers']) {
    if (existsSync(path.join(app, 'node_modules', name))) {
      throw new Error(`${name}, which only a build from source needs, was installed`);
    }
  }
  return `${(size / 1e6).toFixed(1)} MB packed, ${(unpackedSize / 1e6).toFixed(1)} MB unpacked`;
}

/** The shared libraries that a program is started with. */
function librariesOf(program) {
  const text = execFileSync('ldd', [program], { encoding: 'utf8' });
  return [...text.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1]);
}

/** A root folder with `node`, what it is linked with, and the app. */
function makeJail(node) {
  const jail = mkdtempSync(path.join(work, 'root-'));
  const put = (file, at = file) => {
    mkdirSync(path.join(jail, path.dirname(at)), { recursive: true });
    copyFileSync(realpathSync(file), path.join(jail, at));
  };
  put(node, '/usr/bin/node');
  for (const library of librariesOf(node)) put(library);
  // The loader finds glibc's other parts, should something be linked with them, beside libc.
  const libc = path.dirname(librariesOf(node).find((file) => /\/libc\.so\.6$/.test(file)));
  for (const name of ['libdl.so.2', 'libpthread.so.0', 'libm.so.6', 'libgcc_s.so.1']) {
    if (existsSync(path.join(libc, name))) put(path.join(libc, name));
  }
  for (const name of ['proc', 'dev', 'sys', 'tmp']) mkdirSync(path.join(jail, name));
  cpSync(app, path.join(jail, 'app'), { recursive: true });
  return jail;
}

/** Runs in that root folder; as root, or as a user where the system lets users have namespaces. */
function runInJail(jail, args) {
  const script = `
    for name in proc dev sys; do mount --rbind /$name "$0/$name" || exit 97; done
    exec chroot "$0" /usr/bin/node "$@"`;
  const asRoot = process.getuid() === 0 ? [] : ['--user', '--map-root-user'];
  const { status, stdout, stderr } = spawnSync(
    'unshare',
    [...asRoot, '--mount', 'sh', '-c', script, jail, ...args],
    { encoding: 'utf8', env: { PATH: process.env.PATH, HOME: '/tmp' } },
  );
  if (status !== 0) throw new Error(`exit code ${status}\n${stdout}${stderr}`);
  return stdout.trim();
}

if (!existsSync(path.join(root, 'prebuilds', target))) {
  console.error(`there is no prebuild for ${target}: run \`npm run prebuilds\` first`);
  process.exit(1);
}

step('pack and install, no scripts, no compiler', install);
step('run beside what this system has', () =>
  runIn(app, process.execPath, ['check.mjs', 'system']).trim(),
);
step('require() from CommonJS', () => runIn(app, process.execPath, ['check.cjs']).trim());
for (const [name, { node }] of Object.entries(managers)) {
  step(`install and run with ${name}, its defaults`, () => {
    const folder = path.join(work, name.toLowerCase().replace(' ', '-'));
    const told = installWith(name, folder, archive, bareEnvironment());
    if (/(ignored|blocked).*(build|script)/i.test(told)) throw new Error(told);
    putChecks(folder);
    return runIn(folder, process.execPath, [...node, 'check.mjs', 'system']).trim();
  });
}
step('run in a root folder with nothing but Node', () =>
  runInJail(makeJail(process.execPath), ['/app/check.mjs', 'bare']),
);
for (const version of values.node) {
  step(`the same with Node ${version}`, () =>
    runInJail(makeJail(otherNode(version)), ['/app/check.mjs', 'bare']),
  );
}
const emulator = 'qemu-aarch64-static';
if (
  process.arch !== 'arm64' &&
  existsSync(path.join(root, 'prebuilds/linux-arm64')) &&
  spawnSync(emulator, ['--version']).status === 0
) {
  step(`the prebuild for arm64, on an emulated processor (${emulator})`, () => {
    const node = otherNode(process.versions.node.split('.')[0], 'arm64');
    const system = '/usr/aarch64-linux-gnu';
    return execFileSync(emulator, ['-L', system, node, 'check.mjs', 'emulated'], {
      cwd: app,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, HOME: os.homedir(), LD_LIBRARY_PATH: `${system}/lib` },
    }).trim();
  });
}
step('without a prebuild, say which command builds', () => {
  const installed = path.join(app, 'node_modules/heddle');
  rmSync(path.join(installed, 'prebuilds'), { recursive: true });
  const { status, stderr } = spawnSync(process.execPath, ['check.cjs'], {
    cwd: app,
    encoding: 'utf8',
  });
  if (status === 0) throw new Error('it still loads something');
  if (!stderr.includes('npx heddle-build')) throw new Error(stderr);
});
if (values.source) {
  step('build from source with that command', () => {
    const heddleBuild = path.join(app, 'node_modules/.bin/heddle-build');
    const { stderr } = spawnSync(heddleBuild, { cwd: app, encoding: 'utf8' });
    const [, command] = /`npm (install .*?)`/.exec(stderr) ?? [];
    if (!command) throw new Error(`no word of what it needs:\n${stderr}`);
    runIn(app, process.execPath, [
      realpathSync(path.join(barePath(), 'npm')),
      ...[...command.split(' '), '--ignore-scripts', '--no-audit', '--no-fund'],
    ]);
    execFileSync(heddleBuild, {
      cwd: app,
      encoding: 'utf8',
      stdio: 'pipe',
      env: { ...process.env, CMAKE_TOOLCHAIN_FILE: path.join(app, 'quick.cmake') },
    });
    return runIn(app, process.execPath, ['check.cjs'], { PATH: process.env.PATH }).trim();
  });
}

rmSync(work, { recursive: true, force: true });
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
