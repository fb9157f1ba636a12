// Gets Debian packages and the sysroot, each checked by a hash, without installing anything.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { npmPackage } from './npm-package.mjs';
import { BuildProblem, exists, root, run, targets } from './targets.mjs';

const cache = path.join(root, '.cache/downloads');

/**
 * The options that make apt work in a folder of ours, for any architecture and suite, as any user.
 * The mirror is the one that the machine's own configuration names; signatures are checked as ever.
 */
function aptIn(folder, suite, debianArch) {
  for (const name of ['lists/partial', 'cache/archives/partial']) {
    mkdirSync(path.join(folder, name), { recursive: true });
  }
  const list = path.join(folder, 'sources.list');
  const indexes = run('apt-get', ['indextargets', '--format', '$(REPO_URI) $(RELEASE)']);
  const mirrors = indexes
    .trim()
    .split('\n')
    .map((line) => line.split(' '));
  // The main archive, not that of security updates, whose suites have other names.
  const mirror = mirrors.find(
    ([uri, release]) => uri && !/security|updates|backports/.test(`${uri}${release}`),
  );
  if (!mirror) {
    throw new BuildProblem('apt knows no Debian mirror here (run `apt-get update` once)');
  }
  const keys = '/usr/share/keyrings/debian-archive-keyring.gpg';
  const signed = existsSync(keys) ? `[signed-by=${keys}] ` : '';
  writeFileSync(list, `deb ${signed}${mirror[0]} ${suite} main\n`);
  const settings = {
    'APT::Architecture': debianArch,
    'APT::Architectures::': debianArch,
    'APT::Sandbox::User': process.getuid?.() === 0 ? 'root' : '',
    'Acquire::Languages': 'none',
    'Dir::Etc::sourcelist': list,
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::State::lists': path.join(folder, 'lists'),
    'Dir::State::status': '/dev/null',
    'Dir::Cache': path.join(folder, 'cache'),
  };
  return Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
}

/**
 * Downloads `name` at `version` from a Debian suite and unpacks it; returns the folder. A version
 * is asked for because not every one will do (see openblas.mjs), and so that builds are repeatable.
 */
export function debianPackage(target, suite, name, version) {
  const { debianArch } = targets[target];
  const folder = path.join(cache, 'debian', `${name}_${version}_${debianArch}`);
  if (existsSync(folder)) return folder;
  const state = path.join(cache, 'apt', `${suite}-${debianArch}`);
  mkdirSync(state, { recursive: true });
  const options = aptIn(state, suite, debianArch);
  run('apt-get', [...options, 'update', '-qq']);
  for (const old of readdirSync(state)) if (old.endsWith('.deb')) rmSync(path.join(state, old));
  run('apt-get', [...options, 'download', '-qq', `${name}=${version}`], { cwd: state });
  const file = readdirSync(state).find((entry) => entry.endsWith('.deb'));
  if (!file) throw new BuildProblem(`apt-get download left no ${name}`);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  run('dpkg', ['-x', path.join(state, file), partial]);
  renameSync(partial, folder);
  return folder;
}

/** The folder of the glibc 2.17 sysroot for a target. */
export function sysroot(target) {
  const { sysroot: wanted } = targets[target];
  const folder = path.join(cache, 'sysroot', wanted.folder);
  const inside = path.join(folder, wanted.folder, 'sysroot');
  if (existsSync(inside)) return inside;
  if (!exists('xz'))
    throw new BuildProblem("'xz' was not found (Debian: apt-get install xz-utils)");
  const unpacked = npmPackage(wanted.package, wanted.integrity);
  const partial = `${folder}.partial`;
  rmSync(partial, { recursive: true, force: true });
  mkdirSync(partial, { recursive: true });
  const inner = path.join(unpacked, `${wanted.folder}.tar.xz`);
  const member = ['./', ''].find((start) =>
    run('tar', ['-tJf', inner]).split('\n').includes(`${start}${wanted.folder}/sysroot/`),
  );
  run('tar', ['-xJf', inner, '-C', partial, `${member ?? ''}${wanted.folder}/sysroot`]);
  // The package is a whole compiler, of which this is a small part.
  rmSync(path.dirname(unpacked), { recursive: true });
  renameSync(partial, folder);
  return inside;
}

/** Options that make gcc compile and link against the sysroot instead of this machine's glibc. */
export function sysrootOptions(target) {
  const folder = sysroot(target);
  const libraries = ['usr/lib', 'usr/lib64', 'lib', 'lib64']
    .map((name) => path.join(folder, name))
    .filter((name) => existsSync(name));
  return [
    `--sysroot=${folder}`,
    `-B${libraries[0]}/`, // crti.o and its like
    ...libraries.map((name) => `-L${name}`),
  ];
}
