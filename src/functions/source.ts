/**
 * The text of a function, as an expression that evaluates to it again.
 */
import type { AnyNode, Expression } from 'acorn';
import { acorn } from './acorn.ts';
import type { Form } from './payload.ts';
import { type Analysis, analyse } from './scope.ts';

/** A parsed function. */
export interface Source extends Analysis {
  /** An expression; an object literal with one member unless `form` is 'expression'. */
  readonly code: string;
  readonly form: Form;
  /** It was parsed as strict code. */
  readonly strict: boolean;
  readonly isClass: boolean;
  /** May get at the function itself, and so at its properties, when it is called. */
  readonly seesItself: boolean;
  /** The `length` that evaluating the text gives it. */
  readonly arity: number;
  /** How many characters `code` has before the function's own text. */
  readonly lead: number;
  /** Where in `code` the engine says that the function begins: at its parameters, mostly. */
  readonly anchor: number;
  /** What a class extends, unless that is `null`. */
  readonly heritage: Heritage | null;
  /** What is in the text of a class. */
  readonly members: readonly MemberText[];
  /** Whether instances of a class have `#private` members. */
  readonly hasPrivate: boolean;
  /** What `import.meta` and `import()` are called in the code, which is compiled as a script. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Where in the code stands what a class extends. */
export interface Heritage {
  readonly start: number;
  readonly end: number;
  /** The name, where it is no more than one. */
  readonly name: string | null;
}

/** A member as the text of a class has it. */
export interface MemberText {
  readonly kind: 'method' | 'get' | 'set' | 'field';
  readonly isStatic: boolean;
  /** Its name; null where that is computed. */
  readonly name: string | null;
  /** Where the expression of a computed key stands. */
  readonly key: { readonly start: number; readonly end: number; readonly text: string } | null;
  /** The text of the function. */
  readonly text: string;
}

const cache = new Map<string, Source | SyntaxError>();
const CACHE_SIZE = 2_000;

/**
 * Parses the text that `Function.prototype.toString` gives.
 *
 * @param strict - whether it was strict code where it was
 * @throws SyntaxError when it is none that can be evaluated again
 */
export function parseFunction(text: string, strict: boolean): Source {
  const key = strict ? text : `sloppy ${text}`;
  let source = cache.get(key);
  if (!source) {
    try {
      source = parse(text, strict);
    } catch (error) {
      source = error as SyntaxError;
    }
    if (cache.size >= CACHE_SIZE) cache.delete(cache.keys().next().value!);
    cache.set(key, source);
  }
  if (source instanceof SyntaxError) throw source;
  return source;
}

function parse(text: string, strict: boolean): Source {
  const expression = parseExpression(`(${text})`, strict);
  if (expression && isFunctionNode(expression)) {
    const isClass = expression.type === 'ClassExpression';
    const code = `(${text})`;
    return {
      ...analysed(code, expression, strict),
      form: 'expression',
      strict,
      isClass,
      seesItself: seesItself(expression, text),
      arity: arityOf(expression),
      lead: 1,
      anchor: anchorOf(expression, text),
      heritage: isClass ? heritageOf(expression) : null,
      members: isClass ? membersOf(expression, code) : [],
      hasPrivate: isClass && hasPrivate(expression),
    };
  }
  const member = parseExpression(`({${text}})`, strict);
  if (member?.type !== 'ObjectExpression' || member.properties.length !== 1) {
    throw new SyntaxError('the text of the function is none that can be evaluated again');
  }
  const property = member.properties[0]!;
  if (property.type !== 'Property') throw new SyntaxError('the text is that of a spread');
  const form = property.kind === 'init' ? 'method' : property.kind;
  let code = `({${text}})`;
  if (property.computed) {
    // The key was computed where the method was defined; here any name will do.
    const [start, end] = [
      code.lastIndexOf('[', property.key.start),
      code.indexOf(']', property.key.end),
    ];
    code = `${code.slice(0, start)}method${code.slice(end + 1)}`;
    const again = parseExpression(code, strict);
    if (again?.type !== 'ObjectExpression') throw new SyntaxError('the key cannot be replaced');
    return parsedMember(code, form, again, strict);
  }
  return parsedMember(code, form, member, strict);
}

type ObjectExpression = Extract<Expression, { type: 'ObjectExpression' }>;

/** Only the function is looked at: a method's own `super` is that of the object it was made in. */
function parsedMember(code: string, form: Form, node: ObjectExpression, strict: boolean): Source {
  const { value } = node.properties[0] as Extract<AnyNode, { type: 'Property' }>;
  return {
    ...analysed(code, value as Expression, strict),
    form,
    strict,
    isClass: false,
    seesItself: seesItself(value as Expression, code),
    arity: arityOf(value as Expression),
    lead: 2,
    anchor: value.start,
    heritage: null,
    members: [],
    hasPrivate: false,
  };
}

/** What belongs to modules becomes names of the same length, which a script takes as parameters. */
function analysed(
  code: string,
  node: Expression,
  strict: boolean,
): Analysis & Pick<Source, 'code' | 'parameters'> {
  const analysis = analyse(node, strict);
  let result = code;
  const parameters = new Map([
    ['import.meta', unused('import$meta', code)],
    ['import()', unused('$mport', code)],
  ]);
  for (const { start, end } of analysis.imports) {
    const key = end - start === 'import'.length ? 'import()' : 'import.meta';
    const name = parameters.get(key)!;
    result = result.slice(0, start) + name.padEnd(end - start) + result.slice(end);
  }
  return { ...analysis, code: result, parameters };
}

/** A name that code doesn't have, of the same length where there is one. */
export function unused(name: string, code: string): string {
  let found = name;
  for (let i = 1; code.includes(found); i++) {
    found = '$'.repeat(i) + name.slice(Math.min(i, name.length - 1));
  }
  return found;
}

/** What gives a function that is called. */
const GIVES_FUNCTIONS = /\b(?:arguments|callee|caller)\b/;

function seesItself(node: Expression, text: string): boolean {
  if (node.type === 'ArrowFunctionExpression') return false;
  if (node.type !== 'FunctionExpression' || GIVES_FUNCTIONS.test(text)) return true;
  // Its own name is no name from outside.
  return node.id ? text.indexOf(node.id.name, node.id.end - 1) >= 0 : false;
}

/** How many parameters come before the first that need not be given. */
function arityOf(node: AnyNode): number {
  if (node.type === 'ClassExpression') {
    const made = node.body.body.find(
      (member) => member.type === 'MethodDefinition' && member.kind === 'constructor',
    );
    return made?.type === 'MethodDefinition' ? arityOf(made.value) : 0;
  }
  const { params } = node as { params?: readonly AnyNode[] };
  const end = params?.findIndex(
    ({ type }) => type === 'AssignmentPattern' || type === 'RestElement',
  );
  return end === undefined ? 0 : end < 0 ? params!.length : end;
}

function anchorOf(node: Expression, text: string): number {
  if (node.type === 'FunctionExpression')
    return 1 + text.indexOf('(', node.id ? node.id.end - 1 : 0);
  if (node.type === 'ClassExpression') {
    for (const member of node.body.body) {
      if (member.type === 'MethodDefinition' && member.kind === 'constructor') {
        return member.value.start;
      }
    }
  }
  return 1;
}

/** The expression that a text is; null for what is none. */
export function parseExpression(code: string, strict: boolean): Expression | null {
  // Either may have what the other has not: import.meta, `await` as a name.
  for (const sourceType of strict
    ? (['module', 'script'] as const)
    : (['script', 'module'] as const)) {
    try {
      const node = acorn().parseExpressionAt(code, 0, {
        ecmaVersion: 'latest',
        sourceType,
        checkPrivateFields: false,
        allowSuperOutsideMethod: true,
        allowAwaitOutsideFunction: false,
        preserveParens: false,
      });
      if (
        code
          .slice(node.end)
          .replace(/^\s*\)/, '')
          .trim() === ''
      )
        return node;
    } catch {
      // The other kind of source, or another form.
    }
  }
  return null;
}

function isFunctionNode(node: Expression): boolean {
  return (
    node.type === 'FunctionExpression' ||
    node.type === 'ArrowFunctionExpression' ||
    node.type === 'ClassExpression'
  );
}

function hasPrivate(node: Extract<Expression, { type: 'ClassExpression' }>): boolean {
  return node.body.body.some(
    (member) =>
      member.type !== 'StaticBlock' && !member.static && member.key.type === 'PrivateIdentifier',
  );
}

type ClassExpression = Extract<Expression, { type: 'ClassExpression' }>;

function heritageOf({ superClass }: ClassExpression): Heritage | null {
  if (!superClass || (superClass.type === 'Literal' && superClass.value === null)) return null;
  const { start, end } = superClass;
  return { start, end, name: superClass.type === 'Identifier' ? superClass.name : null };
}

/** What stands between `static` and the text that the engine gives of a method. */
const STATIC = /^static(?:\s|\/\*[\s\S]*?\*\/|\/\/.*)+/;

function membersOf({ body }: ClassExpression, code: string): MemberText[] {
  const members: MemberText[] = [];
  for (const member of body.body) {
    if (member.type === 'StaticBlock' || member.key.type === 'PrivateIdentifier') continue;
    const field = member.type === 'PropertyDefinition';
    if (!field && member.kind === 'constructor') continue;
    const { key, computed } = member;
    const { start, end } = key;
    const constant = key.type === 'Literal' || !computed;
    const name = key.type === 'Identifier' ? key.name : String((key as { value?: unknown }).value);
    const text = code.slice(member.start, member.end);
    members.push({
      kind: field ? 'field' : (member.kind as 'method' | 'get' | 'set'),
      isStatic: member.static,
      name: constant ? name : null,
      key: constant ? null : { start, end, text: code.slice(start, end) },
      text: member.static ? text.replace(STATIC, '') : text,
    });
  }
  return members;
}
