/**
 * Now: runs with how far they are, and how much of the cores is busy.
 */
import type { RunState, Sample } from '../messages.ts';
import { Chart } from './charts.ts';
import { el, setText, Table } from './dom.ts';
import { bytes, count, duration, known, rate } from './format.ts';
import type { PageState, View } from './state.ts';

/** How far a run is. */
function progressOf({ tasks, finished, ended }: RunState): Node | string {
  if (tasks === null) return count(finished);
  const text = `${count(finished)} of ${count(tasks)}`;
  if (ended !== null) return text;
  const bar = el('progress', { max: Math.max(tasks, 1), value: finished, 'aria-label': text });
  return el('span', { class: 'progress' }, bar, ` ${text}`);
}

export class NowView implements View {
  readonly name = 'now';
  readonly title = 'Now';
  readonly element: HTMLElement;
  readonly #facts = new Map<string, HTMLElement>();
  readonly #runs: Table<RunState>;
  readonly #cores = new Chart(
    'Cores busy, of cores that are the program’s',
    [
      { label: 'busy', color: '#2f78c4', fill: 'rgba(47,120,196,0.25)' },
      { label: 'ours', color: '#d9822b' },
    ],
    (value) => value.toFixed(1),
  );
  readonly #rate = new Chart('Tasks a second', [{ label: 'tasks', color: '#3a9d5d' }], (value) =>
    value === 0 ? '0' : rate(value),
  );
  readonly #memory = new Chart(
    'Resident memory of all its processes',
    [{ label: 'memory', color: '#b65fcf' }],
    bytes,
  );
  #now = 0;

  constructor() {
    const elapsed = (run: RunState): number => (run.ended ?? this.#now) - run.started;
    const perSecond = (run: RunState): number => (1000 * run.finished) / elapsed(run);
    this.#runs = new Table<RunState>(
      'Runs',
      [
        { head: 'run', cell: ({ run, label }) => `${label} #${run}` },
        { head: 'backend', cell: ({ backend }) => backend },
        { head: 'done', numeric: true, cell: progressOf },
        { head: 'failed', numeric: true, cell: ({ failed }) => count(failed) },
        { head: 'rate', numeric: true, cell: (run) => rate(perSecond(run)) },
        { head: 'time', numeric: true, cell: (run) => duration(elapsed(run)) },
        {
          head: 'left',
          numeric: true,
          cell: (run) => {
            if (run.ended !== null || run.tasks === null || run.finished === 0) return '–';
            return duration((1000 * (run.tasks - run.finished)) / perSecond(run));
          },
        },
        { head: 'state', cell: ({ ended, error }) => error ?? (ended === null ? 'runs' : 'done') },
      ],
      ({ run }) => String(run),
      'No job has run since the page was opened.',
    );
    const facts = ['cores', 'runs', 'tasks', 'failed', 'queue', 'operations', 'memory'];
    const list = el('dl', { class: 'facts' });
    for (const name of facts) {
      const value = el('dd', { id: `fact-${name}` }, '–');
      this.#facts.set(name, value);
      list.append(el('div', {}, el('dt', {}, name), value));
    }
    const charts = el('div', { class: 'charts' });
    charts.append(this.#cores.element, this.#rate.element, this.#memory.element);
    this.element = el('section', {}, list, charts, this.#runs.element);
  }

  #fact(name: string, text: string): void {
    setText(this.#facts.get(name)!, text);
  }

  show({ message, samples }: PageState): void {
    if (!message) return;
    const { totals, program, runs, pools, executor, now, origin } = message;
    this.#now = now;
    const last: Sample | undefined = samples.items.at(-1);
    this.#fact('cores', `${last ? last[1].toFixed(1) : '–'} of ${program.cores} busy`);
    const active = runs.filter(({ ended }) => ended === null).length;
    this.#fact('runs', `${count(active)} going on, ${count(totals.runs)} in all`);
    this.#fact('tasks', `${count(totals.finished)} done`);
    this.#fact('failed', count(totals.failed));
    this.#fact('queue', `${count(pools.reduce((sum, { queue }) => sum + queue, 0))} waiting`);
    const operations = known(executor, (one) => `${one.running} on ${one.busy} cores`);
    this.#fact('operations', operations);
    this.#fact('memory', last ? bytes(last[4]) : '–');
    this.#runs.show(runs);
    const column = (at: 1 | 2 | 3 | 4): number[] => samples.items.map((sample) => sample[at]);
    const times = samples.items.map(([time]) => (origin + time) / 1000);
    this.#cores.show([times, column(1), column(2)]);
    this.#rate.show([times, column(3)]);
    this.#memory.show([times, column(4)]);
  }
}
