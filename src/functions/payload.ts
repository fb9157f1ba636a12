/**
 * What a function looks like on its way to a worker: plain data, declared once.
 */
import type { Reference, Step } from '../codec/index.ts';
import type { ModuleReference } from './modules.ts';

/** What kind of text it is. */
export type Form = 'expression' | 'method' | 'get' | 'set';

/** Where a function's text was, so that error stacks show it. Lines and columns count from 0. */
export interface Origin {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where in its script the text begins, in characters, where coverage is measured. */
  readonly offset?: number;
  /**
   * Where the text was compiled from something else: for each of its lines, the columns that are
   * known and where they come from, as [column, source, line, column].
   */
  readonly map?: {
    readonly sources: readonly string[];
    readonly lines: readonly (readonly (readonly [number, number, number, number])[])[];
  };
}

/** A property that the text of a function or class doesn't show, by the slots of what is in it. */
export interface Member {
  /** Whose it is: the function's own, or its prototype's. */
  readonly on: 'own' | 'prototype';
  /** A name, or the slot of a symbol. */
  readonly key: string | number;
  /** What it holds, or its two functions; null for one that the text shows and that is gone. */
  readonly content: number | { readonly get: number; readonly set: number } | null;
  readonly enumerable: boolean;
  readonly configurable: boolean;
  readonly writable: boolean;
}

/** What of a function or class is in no text. */
export interface Extra {
  readonly members: readonly Member[];
  /** The slot of the function that it inherits from, where it does so without `extends`; or -1. */
  readonly base: number;
  /** The slot of the function whose prototype its prototype inherits from; or -1; null for nothing. */
  readonly parent: number | null;
}

/** A function that is compiled from its text. */
export interface CodeNode {
  readonly kind: 'code';
  /** Of classes: tells the class from every other, on both sides. */
  readonly id?: string;
  /** Of classes: what they capture and what is in no text, in short: another when that changes. */
  readonly version?: string;
  /** Null where the code itself gives it a `name`. */
  readonly name: string | null;
  readonly code: string;
  readonly form: Form;
  readonly lead: number;
  readonly strict: boolean;
  /** The names it captures, and for each the slot that has the value. */
  readonly names: readonly string[];
  readonly slots: readonly number[];
  /** How many of the names, from the first on, are needed while the code is evaluated. */
  readonly eager: number;
  /** Names by which it refers to itself. */
  readonly self: readonly string[];
  /** Names of variables that had no value yet: using one throws. */
  readonly dead: readonly string[];
  /** What it is, beyond what evaluating the code makes of it. */
  readonly extra: Extra | null;
  readonly origin: Origin | null;
}

/** A CommonJS module, as its `module` tells of it. */
export interface CommonJsModule {
  readonly id: string;
  readonly file: string | null;
}

/** One function or class in a payload. */
export type FunctionNode =
  | CodeNode
  | ({ readonly kind: 'module' } & ModuleReference)
  /** A function of the language or of Node, by its path from globalThis. */
  | { readonly kind: 'global'; readonly path: readonly string[] }
  /** `require` of a CommonJS module, and what its `require.main` is. */
  | { readonly kind: 'require'; readonly base: string; readonly main: CommonJsModule | null }
  /** The object of a CommonJS module: `module`. */
  | ({ readonly kind: 'commonjs' } & CommonJsModule)
  /** `import()` as a module calls it; null for code from no file. */
  | { readonly kind: 'import'; readonly base: string | null }
  /** `import.meta.resolve` of a module. */
  | { readonly kind: 'resolve'; readonly base: string }
  /** Counts of a coverage tool, which have nowhere to go. */
  | { readonly kind: 'coverage' }
  /** A class that the receiver knows by its id. */
  | { readonly kind: 'known'; readonly id: string };

/** Captured values: a slot is a box and the steps that complete it. */
export interface Slots {
  readonly boxes: readonly (readonly [unknown])[];
  /** For each slot, where its steps end; they begin where those of the slot before end. */
  readonly ends: readonly number[];
  readonly references: readonly Reference[];
  readonly steps: readonly Step[];
}

/** A function as plain data that structured clone carries. */
export interface FunctionPayload {
  /** The same for the same function with the same captures, whoever encodes it. */
  readonly id: string;
  /** The function itself is the first. */
  readonly nodes: readonly FunctionNode[];
  readonly slots: Slots | null;
}

/** What a class extends is called in the code that is compiled, where the text can't stay. */
export const BASE = 'heddle$base';

/** What the computed keys of a class are called there, with a number. */
export const KEY = 'heddle$key';
