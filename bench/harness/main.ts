/** The command line: `npm run bench -- NAME… [--short] [--rounds N] [--filter TEXT] [--list]`. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { MissingPeer } from './contenders.ts';
import { measureGroup } from './measure.ts';
import { endPythonHelpers } from './python.ts';
import { groupMarkdown, machineFacts, suiteMarkdown, withPeers } from './report.ts';
import { drawPlot, plottedGroups } from './svg.ts';
import type { GroupResult, RunOptions, Suite, SuiteResult } from './types.ts';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Names of the benchmarks: the files `bench/NAME.bench.ts`. */
export function benchmarkNames(): string[] {
  return readdirSync(folder)
    .flatMap((file) => /^(.+)\.bench\.ts$/.exec(file)?.[1] ?? [])
    .sort();
}

/** Writes the JSON, the Markdown and the plots of a suite. */
function save(suite: Suite, result: SuiteResult): void {
  // A short pass must not take the place of figures that were really measured.
  const out = path.join(folder, 'results', ...(result.short ? ['short'] : []));
  mkdirSync(out, { recursive: true });
  // A filter may have left a plot with nothing to show.
  const plots = (suite.plots ?? []).filter((plot) => plottedGroups(plot, result).length > 0);
  for (const plot of plots) writeFileSync(path.join(out, plot.file), drawPlot(plot, result));
  writeFileSync(path.join(out, `${result.name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  const files = plots.map((plot) => plot.file);
  writeFileSync(path.join(out, `${result.name}.md`), suiteMarkdown(result, files));
  console.log(`Saved as ${path.relative(process.cwd(), path.join(out, result.name))}.{json,md}\n`);
}

async function runSuite(name: string, options: RunOptions, filter?: string): Promise<SuiteResult> {
  const file = pathToFileURL(path.join(folder, `${name}.bench.ts`)).href;
  const suite = ((await import(file)) as { default: Suite }).default;
  const log = process.stderr.isTTY
    ? (line: string) => process.stderr.write(`${line}\n`)
    : () => undefined;
  console.log(`## ${suite.title}${options.short ? ' (short pass)' : ''}\n`);
  const facts = machineFacts();
  const groups: GroupResult[] = [];
  for (const group of await suite.groups(options)) {
    if (filter && !group.name.includes(filter)) continue;
    log(`${group.name}: ${group.contenders.map((contender) => contender.name).join(', ')}`);
    const result = await measureGroup(group, options, log);
    groups.push(result);
    console.log(groupMarkdown(result));
  }
  const result: SuiteResult = {
    name,
    title: suite.title,
    ...(suite.about === undefined ? {} : { about: suite.about }),
    short: options.short,
    machine: withPeers(facts),
    groups,
  };
  save(suite, result);
  return result;
}

const USAGE = `npm run bench -- NAME… [options]

  --all            every benchmark
  --short          one short pass that shows that everything runs
  --rounds N       interleaved rounds (15; 3 in a short pass)
  --filter TEXT    only tables whose name contains TEXT
  --strict         fail where a target is not reached
  --list           print the names of the benchmarks

Results go to bench/results. Other --switches are the benchmark's own.`;

/** Runs what the command line says; the exit code is what it returns. */
export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    allowPositionals: true,
    strict: false,
    tokens: true,
    options: {
      all: { type: 'boolean' },
      filter: { type: 'string' },
      help: { type: 'boolean' },
      list: { type: 'boolean' },
      rounds: { type: 'string' },
      short: { type: 'boolean' },
      strict: { type: 'boolean' },
    },
  });
  const known = benchmarkNames();
  if (values.list) {
    console.log(known.join('\n'));
    return 0;
  }
  const names = values.all ? known : positionals;
  if (values.help || names.length === 0) {
    console.log(`${USAGE}\n\nBenchmarks: ${known.join(', ')}`);
    return values.help ? 0 : 2;
  }
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`no benchmark '${unknown.join("', '")}'; there are: ${known.join(', ')}`);
    return 2;
  }
  const short = values.short === true;
  const rounds = Number(values.rounds ?? (short ? 3 : 15));
  if (!Number.isInteger(rounds) || rounds < 1) {
    console.error(`--rounds ${values.rounds}: a whole number of at least 1 is needed`);
    return 2;
  }
  const flags = new Set(tokens.flatMap((token) => (token.kind === 'option' ? [token.name] : [])));
  const options: RunOptions = {
    short,
    rounds,
    sampleSeconds: short ? 0.005 : 0.05,
    flag: (name) => flags.has(name),
  };
  let missed = 0;
  try {
    for (const name of names) {
      const filter = typeof values.filter === 'string' ? values.filter : undefined;
      const result = await runSuite(name, options, filter);
      missed += result.groups.flatMap((group) => group.targets).filter((t) => !t.reached).length;
    }
  } catch (error) {
    if (!(error instanceof MissingPeer)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    endPythonHelpers();
  }
  if (missed > 0) console.log(`${missed} target${missed === 1 ? '' : 's'} not reached.`);
  return values.strict && missed > 0 ? 1 : 0;
}
