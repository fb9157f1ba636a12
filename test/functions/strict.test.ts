/**
 * A function runs as the kind of code that it was, strict or sloppy, wherever in a script it was made
 * so, and whatever other function of the same text was sent before.
 */
import vm from 'node:vm';
import { describe, expect, it } from 'vitest';
import { decodeFunction, encodeFunction } from '../../src/functions/index.ts';

type Probe = (x: number) => unknown;

/** Texts that do one thing in strict code and another one in sloppy code. */
const BODIES: Readonly<Record<string, string>> = {
  'a property of a text':
    "try { 'text'.y = x; return 'silent'; } catch (error) { return error.name; }",
  'a property that a pattern writes':
    "try { [('text').y] = [x]; return 'silent'; } catch (e) { return e.name; }",
  'a counter': "try { ('text').length++; return 'silent'; } catch (error) { return error.name; }",
  deletion: 'try { return delete [].length; } catch (error) { return error.name; }',
  'a function inside': 'return (function () { return typeof this; })();',
  'a function in a block': '{ function inner() {} } return typeof inner;',
  'arguments of a function inside': 'return (function (y) { y = 2; return arguments[0]; })(1);',
  'what means the same': 'return Math.sqrt(x) + 1;',
};

const FORMS: Readonly<Record<string, (body: string) => string>> = {
  arrow: (body) => `(x) => { ${body} }`,
  'async arrow': (body) => `async (x) => { ${body} }`,
  function: (body) => `function (x) { ${body} }`,
  'async function': (body) => `async function (x) { ${body} }`,
  method: (body) => `({ m(x) { ${body} } }).m`,
  'async method': (body) => `({ async m(x) { ${body} } }).m`,
};

const PLACES: Readonly<Record<string, (code: string) => string>> = {
  'a sloppy script': (code) => `(${code})`,
  'a strict function in it': (code) => `(function () { 'use strict'; return ${code}; })()`,
  'a class in it': (code) => `(class { static made() { return ${code}; } }).made()`,
  'a sloppy function beside a strict one': (code) =>
    `(function () { 'use strict'; }, (function () { return ${code}; })())`,
  'a strict script': (code) => `'use strict'; (${code})`,
};

describe.each(Object.entries(FORMS))('%s', (_, form) => {
  it.each(Object.entries(BODIES))('%s', async (_name, body) => {
    const code = form(body);
    const made = Object.values(PLACES).map((place) => vm.runInThisContext(place(code)) as Probe);
    // Each comes after each of the others.
    for (const fn of [...made, ...made.toReversed()]) {
      const shipped = await decodeFunction(structuredClone(encodeFunction(fn as never)));
      expect(await shipped(4)).toEqual(await fn(4));
    }
  });
});
