/**
 * The files of the page, which the build has made of `page/`.
 */
import { readFile } from 'node:fs/promises';

const types: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'styles.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

export interface Asset {
  readonly type: string;
  readonly body: Buffer;
}

const loaded = new Map<string, Promise<Asset>>();

/**
 * A file of the page; undefined where there is none of the name.
 *
 * @throws Error where the page has not been built
 */
export function asset(name: string): Promise<Asset> | undefined {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (type === undefined) return undefined;
  let one = loaded.get(name);
  if (!one) {
    one = read(name, type);
    one.catch(() => loaded.delete(name));
    loaded.set(name, one);
  }
  return one;
}

async function read(name: string, type: string): Promise<Asset> {
  try {
    return { type, body: await readFile(new URL(`./page/${name}`, import.meta.url)) };
  } catch (cause) {
    throw Object.assign(new Error(`the page's ${name} is not there: npm run build`, { cause }), {
      code: 'ERR_HEDDLE_DASHBOARD',
    });
  }
}
