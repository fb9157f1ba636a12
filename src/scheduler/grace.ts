/**
 * Ends what a run that has ended still runs: at once, or after some time to notice.
 */
import type { Clock } from './clock.ts';
import { decide, type RunEvent, type RunState } from './decide.ts';
import { ResponsiveTimer } from './responsive-timer.ts';
import type { RunPort } from './seams.ts';

export class Grace {
  readonly #run: RunPort;
  readonly #state: () => RunState;
  readonly #clock: Clock;
  #timer: ResponsiveTimer | null = null;

  /** @param state - what is known of the run, at any time */
  constructor(run: RunPort, state: () => RunState, clock: Clock) {
    this.#run = run;
    this.#state = state;
    this.#clock = clock;
  }

  /** Kills the workers that run tasks of the run. */
  kill(why: string): void {
    this.#happens({ type: 'grace-over', why, again: false }, 0);
  }

  /** Tells the workers to stop, and kills those that still run tasks of the run after `ms`. */
  grant(ms: number): void {
    this.#happens({ type: 'abort' }, ms);
  }

  /** Nothing is running any more: nobody has to be killed. */
  end(): void {
    this.#timer?.end();
    this.#timer = null;
  }

  #happens(event: RunEvent, ms: number): void {
    for (const action of decide(this.#state(), event)) {
      if (action.do === 'tell-abort') action.worker.abort(this.#run);
      else if (action.do === 'kill') action.worker.kill(action.why);
      else if (action.do === 'grant-grace') this.#wait(ms);
    }
  }

  #wait(ms: number): void {
    const over = { type: 'grace-over', why: 'the job was stopped', again: true } as const;
    // Keeps the process up: it must not end with a worker in a loop that nobody stops.
    this.#timer = new ResponsiveTimer(ms, true, () => this.#happens(over, ms), this.#clock);
  }
}
