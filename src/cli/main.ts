#!/usr/bin/env node
/**
 * The command `heddle`.
 */
import { createRequire } from 'node:module';
import { Command, InvalidArgumentError } from 'commander';
import { showDashboard } from './dashboard.ts';
import { doctor } from './doctor.ts';
import { info } from './info.ts';
import { kernels } from './kernels.ts';

function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('It must be a whole number of at least 1.');
  }
  return value;
}

function port(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError('It must be a whole number from 0 to 65535.');
  }
  return value;
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError('It must be a number greater than 0.');
  return value;
}

const gather = (value: string, before: string[] = []) => [...before, value];
const { version } = createRequire(import.meta.url)('../../package.json') as { version: string };

/** The status with which the process ends; set by the command that ran. */
async function run(action: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await action();
  } catch (error) {
    process.stderr.write(`heddle: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}

const program = new Command('heddle')
  .description('Cores, thread pools and oversubscription of Node processes')
  .version(version);

program
  .command('info')
  .description('print the cores (and how the number came about), the knobs and the runtimes')
  .option('--json', 'print JSON')
  .option('-i, --import <module>', 'load a module first; may be given several times', gather)
  .option('-c, --code <code>', 'run JavaScript first: the body of an async function')
  .action(async (options) => {
    await run(() => info(options));
    // What was loaded may have left timers or connections open.
    process.exit();
  });

program
  .command('doctor')
  .description('watch a Node process, and say whether it is oversubscribed and how to fix it')
  .argument('[command...]', 'the program to start and watch, after --')
  .option('-p, --pid <pid>', 'watch a process that runs already', count)
  .option('-s, --seconds <seconds>', 'how long (default: until it ends; 10 with --pid)', positive)
  .option('--interval <milliseconds>', 'time between two samples', positive, 20)
  .option('--kernels', 'measure instead whether other kernels of OpenBLAS would be faster here')
  .option('--json', 'print JSON')
  .action((command: string[], options) =>
    run(async () => (options.kernels ? kernels(options) : doctor(command, options))),
  );

program
  .command('dashboard')
  .description('show in the browser what a program does')
  .argument('[command...]', 'the program to start and show, after --')
  .option('-p, --pid <pid>', 'show a process that runs already', count)
  .option('--port <port>', 'the port on 127.0.0.1 (default: one that is free)', port)
  .action((command: string[], options) => run(() => showDashboard(command, options)));

await program.parseAsync();
