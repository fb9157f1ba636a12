/**
 * What a function looks like on its way to a worker: plain data, declared once.
 */

/** A function that a module exports; the worker imports the module. */
export interface ModulePayload {
  readonly kind: 'module';
  /** The same for the same function, whoever encodes it. */
  readonly id: string;
  /** URL of the module, or the name of one of Node's own. */
  readonly url: string;
  /** The export; properties of it follow after dots. Empty for the namespace itself. */
  readonly name: string;
}

/** A function that needs nothing but its text. */
export interface TextPayload {
  readonly kind: 'text';
  readonly id: string;
  /** An expression. */
  readonly code: string;
}

/** A function as plain data that structured clone carries. */
export type FunctionPayload = ModulePayload | TextPayload;
