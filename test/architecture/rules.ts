/**
 * The rules of the house as functions over a set of files, so that a test can try them on the tree as
 * it is, and on trees in which each of them is broken.
 */
import path from 'node:path';
import ts from 'typescript';

/** The text of each file by its path from the root of the repository. */
export type Tree = ReadonlyMap<string, string>;

/** A row of the table of floors in CONTRIBUTING.md, from the top of the house to its ground. */
export interface Floor {
  /** `src/NAME`, or a file of `src`. */
  readonly path: string;
}

/** Files that may be longer than a sitting, each with its reason. */
const LONG: Readonly<Record<string, string>> = {
  'native/random/ziggurat_tables.h': 'tables, written by scripts/ziggurat-tables.mjs',
};

/** The longest a file may be, in lines. */
export const MAX_LINES = 500;

/** The floors as CONTRIBUTING.md lists them. */
export function floorsOf(contributing: string): Floor[] {
  const [, table = ''] = contributing.split('| floor | what |');
  return [...table.split('\n\n')[0]!.matchAll(/^\| (.*?) \|/gm)]
    .flatMap(([, cell]) => [...cell!.matchAll(/`(src\/[^`]+)`/g)])
    .map(([, name]) => ({ path: name! }));
}

/** The floor that a file of `src` is on. */
function floorOf(file: string): string {
  const [, first, ...rest] = file.split('/');
  return rest.length > 0 ? `src/${first}` : file;
}

interface Import {
  readonly from: string;
  readonly to: string;
}

/** All imports between files of `src`: of values and types, static and dynamic. */
export function importsOf(tree: Tree): Import[] {
  const imports: Import[] = [];
  for (const [from, text] of tree) {
    if (!/^src\/.*\.ts$/.test(from)) continue;
    for (const { fileName } of ts.preProcessFile(text, true, true).importedFiles) {
      if (!fileName.startsWith('.')) continue;
      imports.push({ from, to: path.posix.join(path.posix.dirname(from), fileName) });
    }
  }
  return imports;
}

/** The includes of our own headers between files of `native`. */
export function includesOf(tree: Tree): Import[] {
  const includes: Import[] = [];
  for (const [from, text] of tree) {
    if (!/^native\/.*\.(h|cpp)$/.test(from)) continue;
    for (const [, name] of text.matchAll(/^#include "([^"]+)"/gm)) {
      const places = [path.posix.join(path.posix.dirname(from), name!), `native/${name}`];
      const to = places.find((place) => tree.has(place));
      if (to) includes.push({ from, to });
    }
  }
  return includes;
}

/** Circles of imports, each once, as `a > b > a`. */
function circles(imports: readonly Import[]): string[] {
  const next = new Map<string, Set<string>>();
  for (const { from, to } of imports) {
    if (from === to) continue;
    next.set(from, (next.get(from) ?? new Set()).add(to));
  }
  const found: string[] = [];
  const done = new Set<string>();
  const stack: string[] = [];
  const visit = (node: string): void => {
    const at = stack.indexOf(node);
    if (at >= 0) {
      found.push([...stack.slice(at), node].join(' > '));
      return;
    }
    if (done.has(node)) return;
    stack.push(node);
    for (const to of next.get(node) ?? []) visit(to);
    stack.pop();
    done.add(node);
  };
  for (const node of next.keys()) visit(node);
  return found;
}

/** Imports that point to a floor above the file's own. */
export function upward(tree: Tree, floors: readonly Floor[]): string[] {
  const rank = new Map(floors.map(({ path: name }, index) => [name, index]));
  return importsOf(tree)
    .filter(({ from, to }) => {
      const [own, other] = [rank.get(floorOf(from)), rank.get(floorOf(to))];
      return own !== undefined && other !== undefined && other < own;
    })
    .map(({ from, to }) => `${from} imports ${to}, which is above it`);
}

/** Imports that reach past the index of another floor. */
export function pastIndex(tree: Tree): string[] {
  return importsOf(tree)
    .filter(({ from, to }) => {
      const floor = floorOf(to);
      return floor !== to && floor !== floorOf(from) && to !== `${floor}/index.ts`;
    })
    .map(({ from, to }) => `${from} imports ${to}, not ${floorOf(to)}/index.ts`);
}

/** A floor's own files that import its index, instead of each other. */
export function throughOwnIndex(tree: Tree): string[] {
  return importsOf(tree)
    .filter(({ from, to }) => floorOf(from) === floorOf(to) && to === `${floorOf(to)}/index.ts`)
    .map(({ from, to }) => `${from} imports ${to}, its own floor's index`);
}

/** Circles of files, of types too. */
export function fileCircles(tree: Tree): string[] {
  return [...circles(importsOf(tree)), ...circles(includesOf(tree))];
}

/** Circles of folders. */
export function folderCircles(tree: Tree): string[] {
  // What lies in src itself is a floor each.
  const folder = (file: string): string => {
    const name = path.posix.dirname(file);
    return name === 'src' ? file : name;
  };
  return circles(importsOf(tree).map(({ from, to }) => ({ from: folder(from), to: folder(to) })));
}

/** What an entry imports for what it does: it has to come before everything else. */
const GUARD = /^(\.\.?\/)inlined\.ts$/;

function isGuard(statement: ts.Statement): boolean {
  if (!ts.isImportDeclaration(statement) || statement.importClause) return false;
  const { moduleSpecifier } = statement;
  return ts.isStringLiteral(moduleSpecifier) && GUARD.test(moduleSpecifier.text);
}

/** Statements of an `index.ts` that are more than a re-export. */
export function logicInIndex(tree: Tree): string[] {
  const found: string[] = [];
  for (const [file, text] of tree) {
    if (!/^src\/(.*\/)?index\.ts$/.test(file)) continue;
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest);
    for (const statement of source.statements) {
      if (ts.isExportDeclaration(statement) && statement.moduleSpecifier) continue;
      if (isGuard(statement)) continue;
      const { line } = source.getLineAndCharacterOfPosition(statement.getStart(source));
      found.push(`${file}:${line + 1} is no re-export`);
    }
  }
  return found;
}

/** Files that are too long to be read in one sitting. */
export function tooLong(tree: Tree): string[] {
  return [...tree]
    .filter(([file]) => !Object.hasOwn(LONG, file))
    .map(([file, text]) => [file, text.split('\n').length - 1] as const)
    .filter(([, lines]) => lines > MAX_LINES)
    .map(([file, lines]) => `${file} has ${lines} lines; ${MAX_LINES} are the most`);
}

/** Where the table of floors and the tree differ. */
export function tableErrors(tree: Tree, floors: readonly Floor[]): string[] {
  const there = new Set([...tree.keys()].filter((file) => file.startsWith('src/')).map(floorOf));
  const listed = new Set(floors.map(({ path: name }) => name));
  return [
    ...[...there].filter((name) => !listed.has(name)).map((name) => `${name} is in no row`),
    ...[...listed].filter((name) => !there.has(name)).map((name) => `${name} is not there`),
  ];
}

/** Whether `worker` imports a scheduler or a launcher, through whatever it imports. */
export function reaches(tree: Tree, start: string, forbidden: readonly string[]): string[] {
  const next = new Map<string, string[]>();
  for (const { from, to } of importsOf(tree)) next.set(from, [...(next.get(from) ?? []), to]);
  const seen = new Set<string>();
  const queue = [...tree.keys()].filter((file) => file.startsWith(`${start}/`));
  const found: string[] = [];
  for (let file = queue.pop(); file !== undefined; file = queue.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    if (forbidden.some((floor) => file.startsWith(`${floor}/`))) found.push(file);
    queue.push(...(next.get(file) ?? []));
  }
  return found;
}
