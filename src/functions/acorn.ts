/**
 * The parser, loaded when the first function is looked at: a worker that only runs functions does
 * not need it.
 */
import { createRequire } from 'node:module';

type Acorn = typeof import('acorn');

let module: Acorn | null = null;

export function acorn(): Acorn {
  module ??= createRequire(import.meta.url)('acorn') as Acorn;
  return module;
}
