/**
 * The free variables of a piece of source: what it takes from outside, and in which way.
 *
 * The names are those of ESTree. Declarations and references are collected in one walk and matched
 * at its end, because JavaScript lets a use come before its declaration.
 */
import type { AnyNode, Function as FunctionNode, Node, Pattern } from 'acorn';

/** How a function uses a name that it doesn't declare. */
export interface FreeName {
  readonly name: string;
  /** Properties that are read by name; complete when `whole` is false. */
  readonly properties: Set<string>;
  /** Used otherwise than by `name.property`. */
  whole: boolean;
  /** Assigned to. */
  written: boolean;
  /** Needed while the code is evaluated, not only when the function is called. */
  eager: boolean;
}

/** What an analysis finds. */
export interface Analysis {
  readonly names: ReadonlyMap<string, FreeName>;
  /** What ties the code to its place: `this`, `arguments`, `super`, `new.target`, `#private`. */
  readonly lexical: ReadonlySet<string>;
  /** Calls eval directly, so that its free names can't be known. */
  readonly evaluates: boolean;
  /** Where `import.meta` and the keyword of `import()` stand, which are no names in a script. */
  readonly imports: readonly { readonly start: number; readonly end: number }[];
}

interface Scope {
  readonly names: Set<string>;
  readonly parent: Scope | null;
  readonly isFunction: boolean;
}

interface Use {
  readonly name: string;
  readonly scope: Scope;
  readonly property: string | null;
  readonly written: boolean;
  readonly eager: boolean;
}

/** Where the walk is. */
interface Context {
  readonly scope: Scope;
  /** `this` is that of a function in the code. */
  readonly ownThis: boolean;
  /** `super` is that of a class or object literal in the code. */
  readonly ownSuper: boolean;
  /** Runs only when some function in the code is called. */
  readonly deferred: boolean;
}

class Walker {
  readonly lexical = new Set<string>();
  readonly uses: Use[] = [];
  readonly imports: { start: number; end: number }[] = [];
  readonly #privates: Set<string>[] = [];
  evaluates = false;

  /** Visits an expression or a statement. */
  visit(node: AnyNode | null | undefined, at: Context): void {
    if (!node) return;
    switch (node.type) {
      case 'Identifier':
        this.#use(node.name, at);
        return;
      case 'MemberExpression':
        if (node.object.type === 'Identifier') {
          this.#use(node.object.name, at, propertyName(node));
        } else if (node.object.type === 'MetaProperty' && node.object.meta.name === 'import') {
          this.imports.push(node.object);
          this.#use('import.meta', at, propertyName(node));
        } else {
          this.visit(node.object, at);
        }
        if (node.computed || node.property.type === 'PrivateIdentifier') {
          this.visit(node.property, at);
        }
        return;
      case 'PrivateIdentifier':
        if (!this.#privates.some((names) => names.has(node.name))) {
          this.lexical.add(`#${node.name}`);
        }
        return;
      case 'ThisExpression':
        if (!at.ownThis) this.lexical.add('this');
        return;
      case 'Super':
        if (!at.ownSuper) this.lexical.add('super');
        return;
      case 'MetaProperty':
        if (node.meta.name === 'new' && !at.ownThis) this.lexical.add('new.target');
        // A name like any other: the caller decides what stands for it.
        if (node.meta.name === 'import') {
          this.imports.push(node);
          this.#use('import.meta', at);
        }
        return;
      case 'ImportExpression':
        this.imports.push({ start: node.start, end: node.start + 'import'.length });
        this.#use('import()', at);
        this.#children(node, at);
        return;
      case 'CallExpression':
        if (node.callee.type === 'Identifier' && node.callee.name === 'eval') this.evaluates = true;
        this.#children(node, at);
        return;
      case 'Property':
      case 'MethodDefinition':
        if (node.computed) this.visit(node.key, at);
        this.visit(node.value, { ...at, ownSuper: at.ownSuper || isMethod(node) });
        return;
      case 'PropertyDefinition':
        if (node.computed) this.visit(node.key, at);
        this.visit(node.value, {
          ...at,
          ownThis: true,
          ownSuper: true,
          deferred: at.deferred || !node.static,
        });
        return;
      case 'StaticBlock': {
        const scope = child(at.scope, true);
        for (const item of node.body)
          this.visit(item, { ...at, scope, ownThis: true, ownSuper: true });
        return;
      }
      case 'FunctionDeclaration':
        if (node.id) {
          declare(at.scope, node.id.name);
          declare(functionScope(at.scope), node.id.name);
        }
        this.#function(node, at);
        return;
      case 'FunctionExpression':
      case 'ArrowFunctionExpression':
        this.#function(node, at);
        return;
      case 'ClassDeclaration':
      case 'ClassExpression':
        this.#class(node, at);
        return;
      case 'VariableDeclaration':
        for (const { id, init } of node.declarations) {
          this.#pattern(id, node.kind === 'var' ? functionScope(at.scope) : at.scope, at);
          this.visit(init, at);
        }
        return;
      case 'AssignmentExpression':
        if (node.operator === '=') this.#assigned(node.left, at);
        else this.#assigned(node.left, at, true);
        this.visit(node.right, at);
        return;
      case 'UpdateExpression':
        this.#assigned(node.argument as Pattern, at, true);
        return;
      case 'ForInStatement':
      case 'ForOfStatement': {
        const inner = { ...at, scope: child(at.scope, false) };
        if (node.left.type === 'VariableDeclaration') this.visit(node.left, inner);
        else this.#assigned(node.left, inner);
        this.visit(node.right, at);
        this.visit(node.body, inner);
        return;
      }
      case 'BlockStatement':
      case 'ForStatement':
      case 'SwitchStatement':
        this.#children(node, { ...at, scope: child(at.scope, false) });
        return;
      case 'CatchClause': {
        const inner = { ...at, scope: child(at.scope, false) };
        if (node.param) this.#pattern(node.param, inner.scope, inner);
        this.visit(node.body, inner);
        return;
      }
      case 'LabeledStatement':
        this.visit(node.body, at);
        return;
      case 'BreakStatement':
      case 'ContinueStatement':
        return;
      case 'WithStatement':
        this.evaluates = true;
        return;
      default:
        this.#children(node, at);
    }
  }

  #children(node: Node, at: Context): void {
    for (const value of Object.values(node) as unknown[]) {
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) this.visit(item, at);
      } else if (isNode(value)) {
        this.visit(value, at);
      }
    }
  }

  #use(name: string, at: Context, property: string | null = null, written = false): void {
    if (name === 'arguments' && at.ownThis) return;
    this.uses.push({ name, scope: at.scope, property, written, eager: !at.deferred });
  }

  #function(node: FunctionNode | AnyNode, at: Context): void {
    const fn = node as FunctionNode;
    const arrow = fn.type === 'ArrowFunctionExpression';
    const scope = child(at.scope, true);
    if (fn.type === 'FunctionExpression' && fn.id) declare(scope, fn.id.name);
    const inner: Context = {
      scope,
      ownThis: at.ownThis || !arrow,
      // A method's function keeps the `super` that its property gave it.
      ownSuper: at.ownSuper,
      deferred: true,
    };
    for (const param of fn.params) this.#pattern(param, scope, inner);
    if (fn.body.type === 'BlockStatement') this.#children(fn.body, inner);
    else this.visit(fn.body, inner);
  }

  #class(
    node: Extract<AnyNode, { type: 'ClassDeclaration' | 'ClassExpression' }>,
    at: Context,
  ): void {
    const scope = child(at.scope, false);
    if (node.id) {
      declare(scope, node.id.name);
      if (node.type === 'ClassDeclaration') declare(at.scope, node.id.name);
    }
    const inner = { ...at, scope };
    this.visit(node.superClass, inner);
    this.#privates.push(
      new Set(
        node.body.body.flatMap((member) =>
          'key' in member && member.key.type === 'PrivateIdentifier' ? [member.key.name] : [],
        ),
      ),
    );
    for (const member of node.body.body) this.visit(member, inner);
    this.#privates.pop();
  }

  /** Declares the names of a pattern and visits its defaults and computed keys. */
  #pattern(node: Pattern, scope: Scope, at: Context): void {
    switch (node.type) {
      case 'Identifier':
        declare(scope, node.name);
        return;
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'RestElement') this.#pattern(property.argument, scope, at);
          else {
            if (property.computed) this.visit(property.key, at);
            this.#pattern(property.value, scope, at);
          }
        }
        return;
      case 'ArrayPattern':
        for (const element of node.elements) if (element) this.#pattern(element, scope, at);
        return;
      case 'RestElement':
        this.#pattern(node.argument, scope, at);
        return;
      case 'AssignmentPattern':
        this.#pattern(node.left, scope, at);
        this.visit(node.right, at);
        return;
      default:
        this.visit(node, at);
    }
  }

  /** Visits what an assignment writes to; `read` when it reads it first, as `+=` does. */
  #assigned(node: Pattern, at: Context, read = false): void {
    switch (node.type) {
      case 'Identifier':
        this.#use(node.name, at, null, true);
        if (read) this.#use(node.name, at);
        return;
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'RestElement') this.#assigned(property.argument, at);
          else {
            if (property.computed) this.visit(property.key, at);
            this.#assigned(property.value, at);
          }
        }
        return;
      case 'ArrayPattern':
        for (const element of node.elements) if (element) this.#assigned(element, at);
        return;
      case 'RestElement':
        this.#assigned(node.argument, at);
        return;
      case 'AssignmentPattern':
        this.#assigned(node.left, at);
        this.visit(node.right, at);
        return;
      default:
        this.visit(node, at);
    }
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

function isMethod(node: Extract<AnyNode, { type: 'Property' | 'MethodDefinition' }>): boolean {
  return node.type === 'MethodDefinition' || node.method || node.kind !== 'init';
}

function propertyName(node: Extract<AnyNode, { type: 'MemberExpression' }>): string | null {
  if (!node.computed && node.property.type === 'Identifier') return node.property.name;
  if (node.property.type === 'Literal' && typeof node.property.value === 'string') {
    return node.property.value;
  }
  return null;
}

function child(parent: Scope | null, isFunction: boolean): Scope {
  return { names: new Set(), parent, isFunction };
}

function declare(scope: Scope, name: string): void {
  scope.names.add(name);
}

function functionScope(scope: Scope): Scope {
  let at = scope;
  while (!at.isFunction && at.parent) at = at.parent;
  return at;
}

function isDeclared(name: string, scope: Scope): boolean {
  for (let at: Scope | null = scope; at; at = at.parent) if (at.names.has(name)) return true;
  return false;
}

/** Finds what `node`, an expression, takes from outside. */
export function analyse(node: AnyNode): Analysis {
  const walker = new Walker();
  walker.visit(node, {
    scope: child(null, true),
    ownThis: false,
    ownSuper: false,
    deferred: false,
  });
  const names = new Map<string, FreeName>();
  for (const { name, scope, property, written, eager } of walker.uses) {
    if (isDeclared(name, scope)) continue;
    if (name === 'arguments') {
      walker.lexical.add('arguments');
      continue;
    }
    let free = names.get(name);
    if (!free) {
      free = { name, properties: new Set(), whole: false, written: false, eager: false };
      names.set(name, free);
    }
    if (property === null) free.whole = true;
    else free.properties.add(property);
    if (written) free.written = true;
    if (eager) free.eager = true;
  }
  const { lexical, evaluates, imports } = walker;
  return { names, lexical, evaluates, imports };
}
