/**
 * A real Chromium, Debian's, and pages in it that note all that goes wrong.
 */
import { type Browser, chromium, type Page } from 'playwright-core';
import { chromiumFile } from '../helpers/debian.ts';

/** Starts a browser without a window. */
export function startBrowser(): Promise<Browser> {
  // Root has no sandbox of Chromium's; what it opens is our own page.
  return chromium.launch({ executablePath: chromiumFile, args: ['--no-sandbox'] });
}

/** A page, and what it complained about: errors of scripts, of the console, and of its security policy. */
export interface Watched {
  readonly page: Page;
  readonly complaints: string[];
}

/** Where the policy's violations are kept in the page, from before its first script. */
const COLLECT = `
  window.violations = [];
  document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
    window.violations.push(violatedDirective + ' ' + blockedURI);
  });
`;

/** Opens an address in a new window of a size. */
export async function openPage(
  browser: Browser,
  url: string,
  options: { width?: number; height?: number; scheme?: 'light' | 'dark' } = {},
): Promise<Watched> {
  const { width = 1280, height = 800, scheme = 'light' } = options;
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: scheme,
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('requestfailed', (request) => {
    // A stream of events ends with its page.
    if (!request.url().endsWith('/events')) complaints.push(`failed: ${request.url()}`);
  });
  await page.addInitScript(COLLECT);
  await page.goto(url);
  return { page, complaints };
}

/** What the page's security policy has refused. */
export function violations(page: Page): Promise<string[]> {
  return page.evaluate('window.violations');
}

/** The texts of a row of the table of runs, by the heads of its columns. */
export async function runRow(page: Page, run: number): Promise<Record<string, string>> {
  const cells = page.locator(`#view-now tr[data-key="${run}"] td`);
  const texts = await cells.evaluateAll((all) =>
    all.map((cell) => [
      (cell as unknown as { dataset: { head: string } }).dataset.head,
      cell.textContent,
    ]),
  );
  return Object.fromEntries(texts) as Record<string, string>;
}
