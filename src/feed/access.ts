/**
 * Who may read the page: whoever has its address, from this machine.
 *
 * The token is a part of the path: a cookie would reach every other server of this machine, which has the
 * same host name. Nothing here changes anything, so that a forged request can do no harm either.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';

/** A token that nobody guesses: 192 bits. */
export function makeToken(): string {
  return randomBytes(24).toString('base64url');
}

/** Compares texts in a time that tells nothing about where they differ. */
function isSame(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}

/**
 * Whether a request was sent to this machine by its own name. A page of another site can have its name point
 * to 127.0.0.1 (DNS rebinding) and then read what it asks for; the name stays in `Host`. Any port: it may be
 * that of a tunnel.
 */
function isLoopback(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/i.test(host ?? '');
}

/** A request that is not answered: the status, and why. */
export interface Refusal {
  readonly status: number;
  readonly why: string;
}

/**
 * Which file of the page a request is for.
 *
 * @param token - what the path has to begin with, unless it is in `Authorization: Bearer`
 * @returns its path without the token: `''`, `page.js`, `events`; or why it is not answered
 */
export function admit(request: IncomingMessage, token: string): string | Refusal {
  const { method, headers, url = '' } = request;
  if (!isLoopback(headers.host))
    return { status: 421, why: 'ask for it as 127.0.0.1 or localhost' };
  if (method !== 'GET' && method !== 'HEAD') return { status: 405, why: 'there is only GET' };
  const { origin } = headers;
  if (origin !== undefined && !isLoopback(origin.replace(/^http:\/\//, ''))) {
    return { status: 403, why: 'a page of another site has asked' };
  }
  const wanted = url.replace(/[?#].*$/, '');
  const [, first = '', rest] = /^\/([^/]*)(?:\/(.*))?$/.exec(wanted) ?? [];
  if (isSame(first, token)) {
    return rest ?? { status: 404, why: 'the address ends with a slash' };
  }
  const bearer = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined && isSame(bearer, token)) return wanted.slice(1);
  return { status: 403, why: 'the token is missing or wrong: use the address that was printed' };
}

/** What goes with each answer: nothing from elsewhere, no script but the page's, no text as markup. */
export const SAFE_HEADERS: OutgoingHttpHeaders = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; '),
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};
