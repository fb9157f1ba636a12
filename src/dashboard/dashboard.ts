/**
 * The page of a program, as users open it.
 */

import { rangeError, typeError } from '../errors.ts';
import {
  acquireFeed,
  answerOf,
  closeServer,
  dashboardMode,
  listen,
  makeToken,
  pageServer,
  releaseFeed,
} from '../feed/index.ts';
import { type Option, type OptionsOf, readOptions, wholeNumber } from '../options.ts';

const MIN_TOKEN = 16;

/** A token becomes a part of an address. */
const token: Option<string> = (name, value) => {
  const right = `at least ${MIN_TOKEN} letters, digits, - and _`;
  if (typeof value !== 'string') throw typeError(name, value, right);
  if (value.length < MIN_TOKEN || !/^[\w-]+$/.test(value)) {
    // What was given may be a secret.
    throw rangeError(name, `${value.length} characters`, right);
  }
  return value;
};

const dashboardOptions = {
  /** The port on 127.0.0.1. Default: 0, one that is free. */
  port: wholeNumber({ least: 0, most: 65_535 }),
  /** What the address has to have in it, for who needs one that stays. Default: a random one. */
  token,
};

/** Options of {@link dashboard}. */
export interface DashboardOptions extends OptionsOf<typeof dashboardOptions> {}

/** A page that is open; from {@link dashboard}. */
export interface Dashboard extends AsyncDisposable {
  /** Where it is. Who has this address may read the page. */
  readonly url: string;
  /** Ends it, for all who look at it. */
  close(): Promise<void>;
}

/**
 * Opens a page that shows what the jobs of this program do: runs and how far they are, who did what and when,
 * workers, memory, graphs, errors and logs. It is on 127.0.0.1 alone, nobody reads it without the token in its
 * address, and nothing can be changed there. What went on before it was opened is not shown. It keeps no program
 * up.
 *
 * @param options - `port`, `token`
 * @returns the page, whose `url` belongs into a browser; `metrics` and `trace.json` behind it are for
 *   Prometheus and Perfetto
 * @throws RangeError or TypeError for options that make no sense; what Node throws where the port is taken; an
 *   Error with the code `ERR_HEDDLE_DASHBOARD_OFF` where the variable HEDDLE_DASHBOARD is 0
 * @example
 * ```ts
 * await using page = await dashboard();
 * console.log(page.url);
 * ```
 */
export async function dashboard(options?: DashboardOptions): Promise<Dashboard> {
  const { port = 0, token: secret = makeToken() } = readOptions(
    'options',
    dashboardOptions,
    options,
  );
  if (dashboardMode() === 'off') {
    const text = 'no page is opened: the variable HEDDLE_DASHBOARD is 0. Leave it out to have one';
    throw Object.assign(new Error(text), { code: 'ERR_HEDDLE_DASHBOARD_OFF' });
  }
  const feed = acquireFeed();
  const server = pageServer(secret, answerOf(feed));
  let actual: number;
  try {
    actual = await listen(server, port);
  } catch (error) {
    releaseFeed();
    throw error;
  }
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    if (!closing) {
      releaseFeed();
      closing = closeServer(server);
    }
    return closing;
  };
  return {
    url: `http://127.0.0.1:${actual}/${secret}/`,
    close,
    [Symbol.asyncDispose]: close,
  };
}
