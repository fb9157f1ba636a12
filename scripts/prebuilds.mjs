// Makes prebuilds/TARGET: the addon, its OpenMP runtime, the bundled OpenBLAS and libgomp.
//
//   node scripts/prebuilds.mjs [TARGET…]      (all targets that this machine has a compiler for)
//
// Everything is compiled against glibc 2.17 and checked to need nothing but glibc, at most 2.28.
import { execFileSync } from 'node:child_process';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import path from 'node:path';
import { sysrootOptions } from './native/download.mjs';
import { checkFloors } from './native/floors.mjs';
import { libgompLinkFolder, makeLibgomp } from './native/libgomp.mjs';
import { makeOpenblas } from './native/openblas.mjs';
import { BuildProblem, canBuild, root, run, targets, toolsOf } from './native/targets.mjs';

const ADDON = 'heddle.glibc.node';
const OPENMP = 'libheddle-openmp.so';

/**
 * What a file may need beside glibc. libgcc_s is one of the libraries that Node itself is linked
 * with, so every process has it; GCC 12's static twin would ask for glibc 2.35.
 */
const ALSO_NEEDED = { [ADDON]: ['libgcc_s.so.1'], [OPENMP]: ['libgomp.so.1'] };

/** Where Node's headers lie, which node-gyp insists on though this build takes others. */
function headersFolder() {
  const prefixes = [
    process.env.npm_config_nodedir,
    path.resolve(process.execPath, '../..'),
    '/usr',
  ];
  return prefixes.find(
    (prefix) => prefix && existsSync(path.join(prefix, 'include/node/common.gypi')),
  );
}

/**
 * A copy of the sources to compile in: node-gyp removes `build` first, and the developer's own
 * build lies there.
 */
function stage(target) {
  const folder = path.join(root, '.cache/prebuild', target);
  mkdirSync(folder, { recursive: true });
  const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const sources = ['CMakeLists.txt', 'CMakePresets.json', 'binding.gyp', 'native', 'scripts'];
  for (const name of sources) {
    rmSync(path.join(folder, name), { recursive: true, force: true });
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  copyFileSync(path.join(root, 'package.json'), path.join(folder, 'package.json'));
  const modules = path.join(folder, 'node_modules');
  rmSync(modules, { force: true });
  symlinkSync(path.join(root, 'node_modules'), modules);
  return { folder, name: manifest.name };
}

function compile(target, staged, out) {
  const { platform, arch } = targets[target];
  const tools = toolsOf(target);
  // The compiler's own C++ library comes before the sysroot's, which is that of GCC 4.8.
  const own = path.dirname(run(tools.cxx, ['-print-file-name=libstdc++.a']).trim());
  const headers = headersFolder();
  const env = {
    ...process.env,
    HEDDLE_PREBUILD_TARGET: target,
    HEDDLE_PREBUILD_PROCESSOR: arch === 'x64' ? 'x86_64' : 'aarch64',
    HEDDLE_PREBUILD_CXX: tools.cxx,
    HEDDLE_PREBUILD_SYSROOT_OPTIONS: [`-L${own}`, ...sysrootOptions(target)].join(' '),
    HEDDLE_PREBUILD_LIBGOMP: libgompLinkFolder(target),
    ...(headers ? { npm_config_nodedir: headers } : {}),
  };
  const prebuildify = path.join(root, 'node_modules/prebuildify/bin.js');
  const args = [
    ...['--napi', '--strip', '--strip-bin', tools.strip, '--tag-libc', 'glibc'],
    ...['--platform', platform, '--arch', arch, '--cwd', staged, '--out', out],
  ];
  execFileSync(process.execPath, [prebuildify, ...args], { env, stdio: 'inherit' });
}

function makePrebuild(target) {
  const { folder: staged } = stage(target);
  const bundled = [makeOpenblas(target), makeLibgomp(target)];
  const folder = path.join(root, 'prebuilds', target);
  rmSync(folder, { recursive: true, force: true });
  compile(target, staged, root);
  const addon = path.join(folder, ADDON);
  if (!existsSync(addon)) {
    throw new BuildProblem(`prebuildify made ${readdirSync(folder).join(', ')}, but no ${ADDON}`);
  }
  const openmp = path.join(folder, OPENMP);
  copyFileSync(path.join(staged, 'build/Release', OPENMP), openmp);
  execFileSync(toolsOf(target).strip, ['--strip-unneeded', openmp]);
  for (const file of bundled) {
    copyFileSync(file, path.join(folder, path.basename(file)));
    copyFileSync(`${file}.LICENSE`, path.join(folder, `${path.basename(file)}.LICENSE`));
  }
  for (const name of readdirSync(folder).sort()) {
    const file = path.join(folder, name);
    const size = `${(statSync(file).size / 1e6).toFixed(2)} MB`;
    if (name.endsWith('.LICENSE')) continue;
    const { floor, needed } = checkFloors(target, file, ALSO_NEEDED[name]);
    console.log(`${target}/${name}: ${size}, glibc ${floor}, needs ${needed.join(' ')}`);
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(targets, name));
if (unknown.length > 0) {
  console.error(
    `no such target: ${unknown.join(', ')} (there are ${Object.keys(targets).join(', ')})`,
  );
  process.exit(2);
}
try {
  for (const target of wanted.length > 0 ? wanted : Object.keys(targets)) {
    if (canBuild(target)) makePrebuild(target);
    else if (wanted.length > 0) throw new BuildProblem(`no compiler or emulator for ${target}`);
    else console.log(`${target}: left out, no compiler or emulator for it here`);
  }
} catch (error) {
  if (!(error instanceof BuildProblem)) throw error;
  console.error(`heddle: ${error.message}`);
  process.exit(1);
}
