/** Tells what was measured: JSON for machines, Markdown for people. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import { peerVersions } from './contenders.ts';
import type { ContenderResult, GroupResult, SuiteResult } from './types.ts';

/** Three significant digits with a unit that suits. */
export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return '–';
  const units: [number, string][] = [
    [1, 's'],
    [1e-3, 'ms'],
    [1e-6, 'µs'],
  ];
  const [scale, unit] = units.find(([size]) => Math.abs(seconds) >= size) ?? [1e-9, 'ns'];
  return `${formatNumber(seconds / scale)} ${unit}`;
}

/** Three significant digits; thousands set apart by thin spaces. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const rounded = Number(value.toPrecision(3));
  const text = rounded.toFixed(Math.min(digits, 6));
  const [whole, fraction] = text.split('.');
  const grouped = whole!.replace(/\B(?=(\d{3})+$)/g, '\u2009');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** What the figures were measured on, without the machine's name. */
export function machineFacts(): Record<string, string | number> {
  let commit = '';
  try {
    const git = (...args: string[]) =>
      execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    commit =
      git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') ? ' + changes' : '');
  } catch {
    // not a clone
  }
  let system = `${os.type()} ${os.release()}`;
  try {
    const name = /^PRETTY_NAME="?(.*?)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
    if (name) system = `${name}, ${system}`;
  } catch {
    // not a Linux that tells
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: os.cpus()[0]?.model.trim() ?? 'unknown',
    cores: os.cpus().length,
    system,
    node: process.versions.node,
    load: Number(os.loadavg()[0]!.toFixed(2)),
    ...(commit ? { commit } : {}),
  };
}

/** The machine's facts with the versions of the peers that have taken part so far. */
export function withPeers(facts: Record<string, string | number>): Record<string, string | number> {
  return { ...facts, ...Object.fromEntries([...peerVersions].sort()) };
}

function row(result: ContenderResult, baseline: string, metrics: readonly string[]): string {
  const { ratio } = result;
  const cells = [
    result.name === baseline ? `**${result.name}**` : result.name,
    formatSeconds(result.seconds.median),
    `${formatSeconds(result.seconds.low)} – ${formatSeconds(result.seconds.high)}`,
    formatNumber(result.rate),
    formatSeconds(result.cpuSeconds),
    result.name === baseline
      ? '1'
      : `${formatNumber(ratio.median)} (${formatNumber(ratio.low)} – ${formatNumber(ratio.high)})`,
    ...metrics.map((key) => formatNumber(result.metrics[key] ?? Number.NaN)),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** One table. */
export function groupMarkdown(group: GroupResult): string {
  const metrics = [...new Set(group.contenders.flatMap((result) => Object.keys(result.metrics)))];
  const heads = [
    'contender',
    `time per ${group.unit}`,
    'quartiles',
    `${group.unit}s per second`,
    `CPU time per ${group.unit}`,
    `time ÷ ${group.baseline}`,
    ...metrics,
  ];
  const lines = [`### ${group.name}`, ''];
  if (group.about) lines.push(group.about, '');
  lines.push(`| ${heads.join(' | ')} |`, `| --- |${' ---: |'.repeat(heads.length - 1)}`);
  for (const result of group.contenders) lines.push(row(result, group.baseline, metrics));
  for (const target of group.targets) {
    const value = target.text.includes(' at most ')
      ? formatSeconds(target.value)
      : `${formatNumber(target.value)} ×`;
    lines.push('', `${target.reached ? 'Reached' : '**Not reached**'}: ${target.text} (${value}).`);
  }
  return `${lines.join('\n')}\n`;
}

export function suiteMarkdown(suite: SuiteResult, plots: readonly string[]): string {
  const facts = Object.entries(suite.machine).map(([key, value]) => `${key} ${value}`);
  const rounds = Math.max(0, ...suite.groups.map((group) => group.rounds));
  const parts = [
    `## ${suite.title}`,
    ...(suite.about ? [suite.about] : []),
    `Interleaved rounds (up to ${rounds} a table); times are medians with quartiles, ratios the ` +
      'median of the ratios within each round; CPU time covers all threads and child processes.' +
      (suite.short ? ' **A short pass: it shows that everything runs, not how fast.**' : ''),
    `Measured on: ${facts.join(' · ')}.`,
    ...suite.groups.map(groupMarkdown),
    ...plots.map((file) => `![${file.replace(/\.svg$/, '')}](${file})`),
  ];
  return `${parts.join('\n\n')}\n`;
}
