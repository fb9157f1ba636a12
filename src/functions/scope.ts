/**
 * The free variables of a piece of source: what it takes from outside, and in which way.
 *
 * The names are those of ESTree. Declarations and references are collected in one walk and matched
 * at its end, because JavaScript lets a use come before its declaration.
 */
import type { AnyNode, Expression, Function as FunctionNode, Node, Pattern, Program } from 'acorn';
import {
  child,
  declarationOf,
  declare,
  functionScope,
  isDefined,
  isRequired,
  isStrictBody,
  type Scope,
  type Target,
} from './declared.ts';

/** How a function uses a name that it doesn't declare. */
export interface FreeName {
  readonly name: string;
  /** Properties that are read by name; complete when `whole` is false. */
  readonly properties: Set<string>;
  /** Those that are called as methods, which get the object as their `this`. */
  readonly methods: Set<string>;
  /** Used otherwise than by `name.property`. */
  whole: boolean;
  /** Assigned to. */
  written: boolean;
  /** Needed while the code is evaluated, not only when the function is called. */
  eager: boolean;
  /** Used inside of some function, for which the engine keeps the variable. */
  captured: boolean;
  /** Where it is used outside of all: in what a class extends, or in a computed key. */
  readonly direct: number[];
}

/** What an analysis finds. */
export interface Analysis {
  readonly names: ReadonlyMap<string, FreeName>;
  /** What ties the code to its place: `this`, `arguments`, `super`, `new.target`, `#private`. */
  readonly lexical: ReadonlySet<string>;
  /** Calls eval directly, so that its free names can't be known. */
  readonly evaluates: boolean;
  /** May do another thing in strict code than in sloppy code. */
  readonly isModal: boolean;
  /** Where `import.meta` and the keyword of `import()` stand, which are no names in a script. */
  readonly imports: readonly { readonly start: number; readonly end: number }[];
}

interface Use {
  readonly name: string;
  readonly scope: Scope;
  /** Null for the whole value, undefined where no more is asked than what it is. */
  readonly property: string | null | undefined;
  readonly written: boolean;
  readonly called: boolean;
  readonly eager: boolean;
  readonly direct: number;
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
  /** Outside of every function. */
  readonly direct: boolean;
}

class Walker {
  readonly lexical = new Set<string>();
  readonly uses: Use[] = [];
  readonly imports: { start: number; end: number }[] = [];
  /** The scope around each function and class, by where it begins. */
  readonly around = new Map<number, Scope>();
  readonly #privates: Set<string>[] = [];
  readonly #methods = new Set<AnyNode>();
  #position = 0;
  evaluates = false;
  isModal = false;

  /** Visits an expression or a statement. */
  visit(node: AnyNode | null | undefined, at: Context): void {
    if (!node) return;
    this.#position = node.start;
    switch (node.type) {
      case 'Identifier':
        this.#use(node.name, at, null);
        return;
      case 'MemberExpression':
        if (node.object.type === 'Identifier') {
          const called = this.#methods.has(node);
          this.#use(node.object.name, at, propertyName(node), false, called);
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
        if (at.ownThis) this.isModal = true;
        else this.lexical.add('this');
        return;
      case 'Super':
        if (!at.ownSuper) this.lexical.add('super');
        return;
      case 'MetaProperty':
        if (node.meta.name === 'new' && !at.ownThis) this.lexical.add('new.target');
        // A name like any other: the caller decides what stands for it.
        if (node.meta.name === 'import') {
          this.imports.push(node);
          this.#use('import.meta', at, null);
        }
        return;
      case 'ImportExpression':
        this.imports.push({ start: node.start, end: node.start + 'import'.length });
        this.#use('import()', at, null);
        this.#children(node, at);
        return;
      case 'UnaryExpression':
        if (node.operator === 'delete') this.isModal = true;
        if (isQuestion(node)) this.#use(node.argument.name, at, undefined);
        else this.visit(node.argument, at);
        return;
      case 'CallExpression':
        if (node.callee.type === 'Identifier' && node.callee.name === 'eval') this.evaluates = true;
        this.#called(node.callee);
        this.#children(node, at);
        return;
      case 'TaggedTemplateExpression':
        this.#called(node.tag);
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
          direct: false,
        });
        return;
      case 'StaticBlock': {
        const scope = child(at.scope, true);
        const inner = { ...at, scope, ownThis: true, ownSuper: true, direct: false };
        for (const item of node.body) this.visit(item, inner);
        return;
      }
      case 'FunctionDeclaration':
        if (node.id) {
          declare(at.scope, node.id.name, 'function');
          // In strict code functions in blocks are declared in these blocks alone.
          if (!at.scope.strict) declare(functionScope(at.scope), node.id.name, 'function');
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
          const scope = node.kind === 'var' ? functionScope(at.scope) : at.scope;
          const kind = node.kind === 'let' || node.kind === 'var' ? node.kind : 'const';
          const given = { defined: isDefined(init), required: isRequired(init) };
          this.#pattern(id, { scope, kind, ...given }, at);
          this.visit(init, at);
        }
        return;
      case 'ImportDeclaration':
        for (const item of node.specifiers) declare(at.scope, item.local.name, 'import');
        return;
      case 'ExportNamedDeclaration':
        if (node.declaration) this.visit(node.declaration, at);
        return;
      case 'ExportAllDeclaration':
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
        this.#children(node, { ...at, scope: child(at.scope, false) });
        return;
      case 'SwitchStatement': {
        this.visit(node.discriminant, at);
        const inner = { ...at, scope: child(at.scope, false) };
        for (const item of node.cases) this.#children(item, inner);
        return;
      }
      case 'CatchClause': {
        const inner = { ...at, scope: child(at.scope, false) };
        if (node.param) this.#pattern(node.param, { scope: inner.scope, kind: 'param' }, inner);
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

  #use(
    name: string,
    at: Context,
    property: string | null | undefined,
    written = false,
    called = false,
  ): void {
    if (name === 'arguments' && at.ownThis) {
      this.isModal = true;
      return;
    }
    const direct = at.direct ? this.#position : -1;
    this.uses.push({
      name,
      scope: at.scope,
      property,
      written,
      called,
      eager: !at.deferred,
      direct,
    });
  }

  #called(callee: AnyNode): void {
    if (callee.type === 'MemberExpression') this.#methods.add(callee);
  }

  #function(node: FunctionNode | AnyNode, at: Context): void {
    const fn = node as FunctionNode;
    this.around.set(fn.start, at.scope);
    const arrow = fn.type === 'ArrowFunctionExpression';
    // One inside of others has a `this`, a caller, and a place that depend on it.
    if (!arrow && at.scope.parent) this.isModal = true;
    let outer = at.scope;
    if (fn.type === 'FunctionExpression' && fn.id) {
      outer = child(outer, false);
      declare(outer, fn.id.name, 'name');
    }
    const scope = child(outer, true, at.scope.strict || isStrictBody(fn.body));
    const inner: Context = {
      scope,
      ownThis: at.ownThis || !arrow,
      // A method's function keeps the `super` that its property gave it.
      ownSuper: at.ownSuper,
      deferred: true,
      direct: false,
    };
    for (const param of fn.params) this.#pattern(param, { scope, kind: 'param' }, inner);
    if (fn.body.type === 'BlockStatement') {
      // What the body declares is not there for defaults of parameters.
      const simple = fn.params.every((param) => param.type === 'Identifier');
      this.#children(fn.body, simple ? inner : { ...inner, scope: child(scope, true) });
    } else {
      this.visit(fn.body, inner);
    }
  }

  #class(
    node: Extract<AnyNode, { type: 'ClassDeclaration' | 'ClassExpression' }>,
    at: Context,
  ): void {
    this.around.set(node.start, at.scope);
    const scope = child(at.scope, false, true);
    if (node.id) {
      declare(scope, node.id.name, 'class');
      if (node.type === 'ClassDeclaration') declare(at.scope, node.id.name, 'class');
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
  #pattern(node: Pattern, target: Target, at: Context): void {
    const parts = { ...target, defined: false, required: false };
    switch (node.type) {
      case 'Identifier':
        declare(target.scope, node.name, target.kind, target);
        return;
      case 'ObjectPattern':
        for (const property of node.properties) {
          if (property.type === 'RestElement') this.#pattern(property.argument, parts, at);
          else {
            if (property.computed) this.visit(property.key, at);
            this.#pattern(property.value, parts, at);
          }
        }
        return;
      case 'ArrayPattern':
        for (const element of node.elements) if (element) this.#pattern(element, parts, at);
        return;
      case 'RestElement':
        this.#pattern(node.argument, parts, at);
        return;
      case 'AssignmentPattern':
        // A default takes the place of undefined.
        this.#pattern(node.left, { ...target, defined: isDefined(node.right) }, at);
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
        if (read) this.#use(node.name, at, null);
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
        // A property that can't be written.
        this.isModal = true;
        this.visit(node, at);
    }
  }
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

/** `typeof name` or `!name`. */
function isQuestion<T extends Extract<AnyNode, { type: 'UnaryExpression' }>>(
  node: T,
): node is T & { argument: Extract<AnyNode, { type: 'Identifier' }> } {
  return (
    (node.operator === 'typeof' || node.operator === '!') && node.argument.type === 'Identifier'
  );
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

function walk(node: Expression | Program, strict: boolean): Walker {
  const walker = new Walker();
  const outside = { ownThis: false, ownSuper: false, deferred: false, direct: true };
  const at = { scope: child(null, true, strict), ...outside };
  if (node.type === 'Program') for (const item of node.body) walker.visit(item, at);
  else walker.visit(node, at);
  return walker;
}

/** The scope around each function and class of a script, by where in the script it begins. */
export function scopesOf(program: Program, strict: boolean): ReadonlyMap<number, Scope> {
  const walker = walk(program, strict);
  for (const { name, scope, written } of walker.uses) {
    const declaration = written ? declarationOf(name, scope) : null;
    if (declaration) declaration.written = true;
  }
  return walker.around;
}

/** Finds what `node`, an expression, takes from outside. */
export function analyse(node: Expression, strict: boolean): Analysis {
  const walker = walk(node, strict);
  const names = new Map<string, FreeName>();
  for (const { name, scope, property, written, called, eager, direct } of walker.uses) {
    const declaration = declarationOf(name, scope);
    if (written && declaration?.kind === 'name') walker.isModal = true;
    if (declaration) continue;
    if (name === 'arguments') {
      walker.lexical.add('arguments');
      continue;
    }
    let free = names.get(name);
    if (!free) {
      free = {
        name,
        properties: new Set(),
        methods: new Set(),
        whole: false,
        written: false,
        eager: false,
        captured: false,
        direct: [],
      };
      names.set(name, free);
    }
    if (property === null) free.whole = true;
    else if (property !== undefined) free.properties.add(property);
    if (typeof property === 'string' && called) free.methods.add(property);
    if (written) free.written = true;
    if (eager) free.eager = true;
    if (direct < 0) free.captured = true;
    else free.direct.push(direct);
  }
  const { lexical, evaluates, isModal, imports } = walker;
  return { names, lexical, evaluates, isModal, imports };
}
