/** The kinds of data that pass between a benchmark, the harness and the report. */

/** What one timed run returns when it measured more, or better, than the harness could from outside. */
export interface Measured {
  /** Seconds that count, where the run includes work that does not (setting up data, say). */
  readonly seconds?: number;
  /** CPU-seconds that count, for the same reason. */
  readonly cpuSeconds?: number;
  /** Operations done, where the number is known only afterwards. */
  readonly operations?: number;
  /** Further figures of this run, such as context switches; the report shows their medians. */
  readonly metrics?: Readonly<Record<string, number>>;
}

/** What one contender did in one round. */
export interface Sample {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly operations: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A contender that is set up and warm. */
export interface Running {
  /** Does the work `iterations` times and tells what it took. */
  sample(iterations: number): Promise<Sample>;
  /** The result of one run, for the group's `verify`. */
  result?(): unknown;
  close?(): void | Promise<void>;
}

/** One way of doing the work. */
export interface Contender {
  readonly name: string;
  /** Starts pools, makes data, warms up. Not timed. Throws `MissingPeer` where a package lacks. */
  start(): Promise<Running>;
  /** Work that can't be repeated inside a sample, such as starting a process: always 1 iteration. */
  readonly once?: boolean;
}

/** What the project promises of a group's figures. */
export interface Target {
  readonly contender: string;
  readonly against: string;
  /** How many times as fast as `against`, at least (1.2: in at most 1/1.2 of its time). */
  readonly speedup: number;
}

/** A limit for one contender's own figure. */
export interface Limit {
  readonly contender: string;
  /** Seconds per operation, at most. */
  readonly seconds: number;
}

/** One table: the same work done by several contenders. */
export interface Group {
  readonly name: string;
  /** A sentence below the table's heading: what is done and how it is measured. */
  readonly about?: string;
  /** What one operation is; 'call' when it is not said. */
  readonly unit?: string;
  /** Operations in one iteration of every contender (a batch of 20 000 tasks: 20 000). */
  readonly operations?: number;
  readonly contenders: readonly Contender[];
  /** Whose time the ratios divide by; the first contender's when it is not said. */
  readonly baseline?: string;
  readonly targets?: readonly (Target | Limit)[];
  /** Rounds of this group, where they should differ from the run's. */
  readonly rounds?: number;
  /** Throws unless the contender's result is right: a fast wrong answer is no benchmark. */
  readonly verify?: (result: unknown, contender: string) => void;
  /** Where this group belongs in a plot of the suite (the size of a matrix, say). */
  readonly x?: number;
  /** Forces one measurement of a contender each round even where a run is very short. */
  readonly iterations?: number;
}

/** What a benchmark is told about this run. */
export interface RunOptions {
  /** A pass that only shows that everything runs: small sizes, few rounds. */
  readonly short: boolean;
  readonly rounds: number;
  /** Time that one sample should take at least, in seconds. */
  readonly sampleSeconds: number;
  /** Whether `--NAME` was given on the command line, for a benchmark's own switches. */
  flag(name: string): boolean;
}

/** A plot of one figure of the suite's groups. */
export interface Plot {
  readonly file: string;
  readonly title: string;
  /** 'bars': one bar for each contender and group. 'lines': groups along x, one line a contender. */
  readonly kind: 'bars' | 'lines';
  readonly figure: 'seconds' | 'rate' | 'ratio' | 'cpuSeconds' | { readonly metric: string };
  readonly groups?: RegExp;
  readonly xLabel?: string;
  readonly logX?: boolean;
  readonly logY?: boolean;
}

/** A benchmark: what `bench/NAME.bench.ts` exports as its default. */
export interface Suite {
  readonly title: string;
  readonly about?: string;
  groups(options: RunOptions): readonly Group[] | Promise<readonly Group[]>;
  readonly plots?: readonly Plot[];
}

/** A median with the quartiles around it. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

export interface ContenderResult {
  readonly name: string;
  /** Seconds per operation. */
  readonly seconds: Spread;
  /** CPU-seconds per operation over all rounds, children and helper processes included. */
  readonly cpuSeconds: number;
  /** Operations per second, from the median. */
  readonly rate: number;
  /** Median over the rounds of this contender's time divided by the baseline's in that round. */
  readonly ratio: Spread;
  readonly metrics: Readonly<Record<string, number>>;
  readonly iterations: number;
}

export interface TargetResult {
  readonly text: string;
  readonly reached: boolean;
  readonly value: number;
}

export interface GroupResult {
  readonly name: string;
  readonly about?: string;
  readonly unit: string;
  readonly baseline: string;
  readonly rounds: number;
  readonly x?: number;
  readonly contenders: readonly ContenderResult[];
  readonly targets: readonly TargetResult[];
}

export interface SuiteResult {
  readonly name: string;
  readonly title: string;
  readonly about?: string;
  readonly short: boolean;
  readonly machine: Readonly<Record<string, string | number>>;
  readonly groups: readonly GroupResult[];
}
