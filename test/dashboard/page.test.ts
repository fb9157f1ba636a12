/**
 * The page in a real browser: what it shows are the job's own numbers, what programs wrote is text, and it
 * complains about nothing.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { compute, coreBudget, delayed, imap, map, share, shutdownWorkers } from 'heddle';
import { type Dashboard, dashboard } from 'heddle/dashboard';
import { cholesky, executorStats } from 'heddle/linalg';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import '../helpers/built.ts';
import { openPage, runRow, startBrowser, violations, type Watched } from './browser.ts';

const settings = { backend: 'processes', jobs: 2, childThreads: 1 } as const;
/** Where pictures for the docs go; none are made unless it is set. */
const pictures = process.env.HEDDLE_PICTURES;

let browser: Browser;
let board: Dashboard;
let watched: Watched;
let page: Page;

beforeAll(async () => {
  browser = await startBrowser();
  board = await dashboard();
  watched = await openPage(browser, board.url);
  page = watched.page;
});
afterAll(async () => {
  await browser?.close();
  await board?.close();
  shutdownWorkers();
});

/** Takes some time without being idle. */
const work = (ms: number): number => {
  const end = performance.now() + ms;
  let n = 0;
  while (performance.now() < end) n++;
  return n > 0 ? ms : 0;
};

async function tab(title: string): Promise<void> {
  await page.getByRole('tab', { name: title }).click();
}

async function picture(name: string): Promise<void> {
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  await page.screenshot({ path: path.join(pictures, `dashboard-${name}.png`) });
}

/** How many pixels of the canvas have a colour, and where the first of them is. */
interface Painted {
  readonly count: number;
  readonly x: number;
  readonly y: number;
}

/** Looks for some colours, `rgb(1, 2, 3)`, on the canvas of the task stream. */
function painted(colors: readonly string[]): Promise<Painted[]> {
  return page.evaluate(`(() => {
    const canvas = document.querySelector('#stream-canvas');
    const { width, height } = canvas;
    // A copy: that the page's own is read often would be a reason to draw it in another way.
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    const found = new Map(${JSON.stringify(colors)}.map((color) => [color, { count: 0, x: 0, y: 0 }]));
    for (let i = 0; i < data.length; i += 4) {
      const one = found.get('rgb(' + data[i] + ', ' + data[i + 1] + ', ' + data[i + 2] + ')');
      if (!one || data[i + 3] < 255) continue;
      if (one.count++ === 0) Object.assign(one, { x: (i / 4) % width, y: Math.floor(i / 4 / width) });
    }
    return [...found.values()];
  })()`);
}

/** The legend of the task stream. */
const swatches = (): Promise<{ label: string; color: string }[]> =>
  page.evaluate(`[...document.querySelectorAll('#view-stream .legend li')].map((item) => ({
    label: item.textContent,
    color: getComputedStyle(item.firstElementChild).backgroundColor,
  }))`);

it('shows the numbers of a job that its own statistics have', async () => {
  const stream = imap(
    Array.from({ length: 300 }, () => 1),
    work,
    { ...settings, label: 'working' },
  );
  for await (const _ of stream);
  const { finished, failed, wallTime } = stream.stats;
  await page.waitForSelector('#view-now tr[data-key="1"]:has-text("done")');
  const row = await runRow(page, 1);
  expect(row).toMatchObject({
    run: 'working #1',
    backend: 'processes',
    done: `${finished} of 300`,
    failed: String(failed),
    state: 'done',
  });
  const shown = row.time!.endsWith('ms')
    ? Number.parseFloat(row.time!) / 1000
    : Number.parseFloat(row.time!);
  expect(Math.abs(shown - wallTime / 1000)).toBeLessThan(0.1 + 0.06);
  expect(await page.locator('#fact-tasks').textContent()).toBe('300 done');
});

it('shows a run that goes on: how far it is, what is left', async () => {
  const gate = new AbortController();
  const waits = async (x: number, { signal }: { signal: AbortSignal }) => {
    if (x < 4) return x;
    return new Promise<number>((resolve) => signal.addEventListener('abort', () => resolve(x)));
  };
  const running = map([0, 1, 2, 3, 4, 5, 6, 7], waits, {
    ...settings,
    batchSize: 1,
    label: 'waiting',
    signal: gate.signal,
  });
  running.catch(() => {});
  await page.waitForSelector('#view-now tr[data-key="2"]:has-text("4 of 8")');
  const row = await runRow(page, 2);
  expect(row.state).toBe('runs');
  expect(row.left).toMatch(/\d/);
  expect(await page.locator('tr[data-key="2"] progress').getAttribute('value')).toBe('4');
  await tab('Workers');
  await page.waitForFunction(
    "[...document.querySelectorAll('#view-workers td[data-head=state]')].filter((cell) => cell.textContent === 'busy').length === 2",
  );
  gate.abort();
  await running.catch(() => {});
  await tab('Now');
  await page.waitForSelector('#view-now tr[data-key="2"]:has-text("AbortError")');
});

it('draws the tasks of each function in its colour, in the row of its worker', async () => {
  const tens = Array.from({ length: 24 }, () => 10);
  await map(tens, work, { ...settings, label: 'first function' });
  await map(tens, work, { ...settings, label: 'second function' });
  await map(
    [1, 2, 3, 4, 5, 6],
    (x) => {
      work(10);
      if (x % 2) throw new RangeError(`odd ${x}`);
      return x;
    },
    {
      ...settings,
      batchSize: 1,
      returnErrors: true,
      label: 'failing',
    },
  ).catch(() => {});
  await tab('Task stream');
  await page.waitForSelector('#view-stream .legend:has-text("failing")');
  await page.getByRole('button', { name: 'Show all' }).click();
  const shown = await swatches();
  const wanted = ['first function', 'second function'].map((name) => {
    const found = shown.find(({ label }) => label === name);
    if (!found) throw new Error(`${name} is not in the legend: ${JSON.stringify(shown)}`);
    return found.color;
  });
  expect(new Set(shown.map(({ color }) => color)).size).toBe(shown.length);
  const failed = 'rgb(208, 59, 59)';
  const least = async (): Promise<number> =>
    Math.min(...(await painted([...wanted, failed])).map(({ count }) => count));
  await expect.poll(least).toBeGreaterThan(10);
  await picture('stream');
});

it('draws bars as high as the cores that operations had, which others had left', async () => {
  const cores = coreBudget();
  const options = { ...settings, jobs: cores, batchSize: 1 } as const;
  // As many as there are cores, of which the first has operations until some have had all of them.
  const operations = async (first: boolean): Promise<number> => {
    const n = 600;
    const data = new Float64Array(n * n);
    for (let i = 0; i < n; i++) data[i * n + i] = 4;
    const before = executorStats().wide;
    for (let i = 0; first && i < 1000 && executorStats().wide < before + 40; i++) {
      await cholesky({ data, shape: [n, n] });
    }
    return executorStats().wide - before;
  };
  const { childThreads: _, ...elastic } = options;
  const tasks = Array.from({ length: cores }, (_, i) => i === 0);
  const [wide] = await map(tasks, operations, { ...elastic, label: 'operations' });
  expect(wide).toBe(40);
  await tab('Task stream');
  await page.waitForSelector('#view-stream .legend:has-text("operations")');
  const { color } = (await swatches()).find(({ label }) => label === 'operations')!;
  // A bar of one thread is 20 pixels high where there is one core: the highest column of this colour.
  const highest = (): Promise<number> =>
    page.evaluate(`(() => {
      const canvas = document.querySelector('#stream-canvas');
      const { width, height } = canvas;
      const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
      context.drawImage(canvas, 0, 0);
      const { data } = context.getImageData(0, 0, width, height);
      let most = 0;
      for (let x = 0; x < width; x++) {
        for (let y = 0, run = 0; y < height; y++) {
          const i = 4 * (y * width + x);
          run = 'rgb(' + data[i] + ', ' + data[i + 1] + ', ' + data[i + 2] + ')' === ${JSON.stringify(color)} ? run + 1 : 0;
          most = Math.max(most, run);
        }
      }
      return most;
    })()`);
  await expect.poll(highest).toBe(20);
  await picture('elastic');
});

it('zooms and moves by keys, and says what is under the pointer', async () => {
  const canvas = page.locator('#stream-canvas');
  await canvas.focus();
  await page.keyboard.press('0');
  const [color] = (await swatches())
    .filter(({ label }) => label === 'first function')
    .map((one) => one.color);
  const count = async (): Promise<number> => (await painted([color!]))[0]!.count;
  const before = await count();
  // At the end of the window there is nothing of it any more.
  for (let i = 0; i < 12; i++) await page.keyboard.press('+');
  await expect.poll(count).toBe(0);
  await page.keyboard.press('0');
  await expect.poll(count).toBeGreaterThan(before / 3);
  // It stands still while somebody looks at it.
  await page.keyboard.press(' ');
  await page.evaluate(
    'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))',
  );
  const [place] = await painted([color!]);
  await canvas.hover({ position: { x: place!.x, y: place!.y + 1 } });
  await expect
    .poll(() => page.locator('.tip').textContent())
    .toMatch(/first function #\d+ · worker \d+ · .* · 1 BLAS threads/);
  await page.getByRole('tab', { name: 'Task stream' }).focus();
  await page.keyboard.press('ArrowRight');
  expect(await page.getByRole('tab', { name: 'Workers' }).getAttribute('aria-selected')).toBe(
    'true',
  );
});

it('has its numbers and curves on the first view', async () => {
  await tab('Now');
  await page.waitForFunction("document.querySelectorAll('#view-now .u-over').length === 3");
  expect(await page.locator('#fact-cores').textContent()).toMatch(/^\d+\.\d of \d+ busy$/);
  await picture('now');
});

it('lets nothing that a program wrote be more than text', async () => {
  const evil = '<img src=x onerror="window.broken = 1"><script>window.broken = 2</script>';
  const fails = (text: string) => {
    console.log(text);
    throw Object.assign(new Error(text), { name: text });
  };
  await map([evil], fails, { ...settings, label: evil, returnErrors: true });
  const call = delayed((x: number) => x, { label: evil });
  await compute(call(1), settings);
  for (const name of ['Now', 'Task stream', 'Workers', 'Memory', 'Graph', 'Errors and logs']) {
    await tab(name);
    await page.waitForTimeout(300);
  }
  await page.waitForSelector('#view-errors summary');
  const texts = await page.locator('#view-errors').textContent();
  expect(texts!.split(evil).length).toBeGreaterThan(3);
  await tab('Now');
  expect(await page.locator('#view-now').textContent()).toContain(`${evil.slice(0, 100)}`);
  expect(await page.locator('main img, main script').count()).toBe(0);
  expect(await page.evaluate('window.broken')).toBeUndefined();
});

it('shows errors with stack and argument, and lines with who wrote them', async () => {
  const sum = (given: { left: number }) => {
    console.warn('about to fail');
    throw new RangeError(`no ${given.left}`);
  };
  await map([{ left: 41 }], sum, { ...settings, returnErrors: true, label: 'summing' });
  await tab('Errors and logs');
  const error = page.locator('#view-errors details').first();
  await expect
    .poll(() => error.locator('summary').textContent())
    .toMatch(/task 0 of summing: TaskError: .*RangeError: no 41/);
  await error.locator('summary').click();
  expect(await error.locator('code').textContent()).toBe('{ left: 41 }');
  expect(await error.locator('pre').textContent()).toMatch(/at .*called from.*at /s);
  const line = page.locator('#view-errors .lines li.warn').first();
  expect(await line.textContent()).toMatch(/worker \d+ warn about to fail/);
});

it('shows a graph of calls, and that all are done', async () => {
  const load = delayed((x: number) => x, { label: 'load' });
  const add = delayed((a: number, b: number) => a + b, { label: 'add' });
  expect(await compute(add(load(1), load(2)), { ...settings, label: 'a graph' })).toBe(3);
  await tab('Graph');
  await page.waitForSelector('#graph-run option:has-text("a graph")', { state: 'attached' });
  const value = await page
    .locator('#graph-run option', { hasText: 'a graph' })
    .getAttribute('value');
  await page.locator('#graph-run').selectOption(value!);
  await expect.poll(() => page.locator('#view-graph .call.done').count()).toBe(3);
  expect(await page.locator('#view-graph .call text').allTextContents()).toEqual([
    'load',
    'load',
    'add',
  ]);
  expect(await page.locator('#view-graph .need').count()).toBe(2);
});

it('shows shared memory by who holds it', async () => {
  const big = share(new Float64Array(1 << 19));
  await map([0, 1], (at) => big[at], { ...settings, batchSize: 1 });
  await tab('Memory');
  const holders = page.locator('#view-memory table').first();
  await expect.poll(() => holders.textContent()).toContain('this program');
  await expect.poll(() => page.locator('#view-memory').textContent()).toContain('4.0 MiB');
  expect(big.length).toBe(1 << 19);
});

it('fits on a screen of 1280 × 800 and on a phone, light and dark', async () => {
  for (const [width, height, scheme] of [
    [1280, 800, 'dark'],
    [390, 844, 'light'],
  ] as const) {
    const other = await openPage(browser, board.url, { width, height, scheme });
    await other.page.waitForSelector('tr[data-key="1"]');
    const overflow = await other.page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
    const ground = await other.page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(ground).toBe(scheme === 'dark' ? 'rgb(22, 24, 29)' : 'rgb(251, 251, 252)');
    expect(await other.page.locator('.u-over').count()).toBe(3);
    expect(other.complaints).toEqual([]);
    expect(await violations(other.page)).toEqual([]);
    await other.page.context().close();
  }
});

it('has complained about nothing until here', async () => {
  expect(watched.complaints).toEqual([]);
  expect(await violations(page)).toEqual([]);
});

it('says that the program is gone when its page is closed', async () => {
  await board.close();
  await expect
    .poll(() => page.locator('#connection').textContent())
    .toBe('the program does not answer');
});
