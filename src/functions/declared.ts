/**
 * Scopes and what is declared in them, as JavaScript has them.
 */
import type { Expression, Function as FunctionNode } from 'acorn';

/** What declares a name. */
export interface Declaration {
  /** 'name' is that of a function expression, which only the function itself sees. */
  readonly kind: 'var' | 'let' | 'const' | 'class' | 'function' | 'param' | 'name' | 'import';
  /** The declaration itself gives it a value, and that is never undefined. */
  readonly defined: boolean;
  /** The declaration gives it what `require` gives for a module. */
  readonly required: boolean;
  /** Assigned to elsewhere. */
  written: boolean;
  /** In the scope of the whole script or module. */
  readonly isTop: boolean;
}

/** Where names are declared. */
export interface Scope {
  readonly names: Map<string, Declaration>;
  readonly parent: Scope | null;
  readonly isFunction: boolean;
  /** Of strict code. */
  readonly strict: boolean;
}

/** Where a pattern declares its names. */
export interface Target {
  readonly scope: Scope;
  readonly kind: Declaration['kind'];
  readonly defined?: boolean;
  readonly required?: boolean;
}

export function child(
  parent: Scope | null,
  isFunction: boolean,
  strict = parent?.strict === true,
): Scope {
  return { names: new Map(), parent, isFunction, strict };
}

export function declare(
  scope: Scope,
  name: string,
  kind: Declaration['kind'],
  { defined = kind === 'class' || kind === 'function', required = false }: Partial<Target> = {},
): void {
  const before = scope.names.get(name);
  // `var x` beside a parameter or a function of that name declares nothing new.
  if (before && kind === 'var') before.written = true;
  else
    scope.names.set(name, {
      kind,
      defined,
      required,
      written: before !== undefined,
      isTop: scope.parent === null,
    });
}

/** Whether the value of an expression can't be undefined, whatever is in it. */
export function isDefined(node: Expression | null | undefined): boolean {
  switch (node?.type) {
    case 'Literal':
    case 'TemplateLiteral':
    case 'ArrayExpression':
    case 'ObjectExpression':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
    case 'ClassExpression':
    case 'NewExpression':
    case 'BinaryExpression':
    case 'UpdateExpression':
      return true;
    case 'UnaryExpression':
      return node.operator !== 'void';
    default:
      return false;
  }
}

/** What compilers put around `require`. */
const INTEROP = /^(?:_interopRequire(?:Wildcard|Default)|__import(?:Star|Default))$/;

/** Whether an expression is `require('…')`, or what a compiler makes of that. */
export function isRequired(node: Expression | null | undefined): boolean {
  if (node?.type !== 'CallExpression' || node.callee.type !== 'Identifier') return false;
  const [argument] = node.arguments;
  if (node.callee.name !== 'require') {
    return INTEROP.test(node.callee.name) && isRequired(argument as Expression | undefined);
  }
  return argument?.type === 'Literal' && typeof argument.value === 'string';
}

export function functionScope(scope: Scope): Scope {
  let at = scope;
  while (!at.isFunction && at.parent) at = at.parent;
  return at;
}

export function isStrictBody(body: FunctionNode['body']): boolean {
  if (body.type !== 'BlockStatement') return false;
  for (const statement of body.body) {
    if (statement.type !== 'ExpressionStatement' || !statement.directive) return false;
    if (statement.directive === 'use strict') return true;
  }
  return false;
}

/** What a name means in a scope; null where it comes from outside of the code. */
export function declarationOf(name: string, scope: Scope): Declaration | null {
  for (let at: Scope | null = scope; at; at = at.parent) {
    const found = at.names.get(name);
    if (found) return found;
  }
  return null;
}
