/**
 * Drawings of graphs, in Graphviz's language DOT.
 */
import { type Call, nameOf } from './call.ts';
import type { Graph } from './expand.ts';

/** The text of a node or an attribute, in quotes. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function shapeOf({ known }: Call, wanted: boolean): string {
  if (known) return ', shape=box, style=filled, fillcolor="#dddddd"';
  return wanted ? ', peripheries=2' : '';
}

/**
 * Writes a graph in DOT: an ellipse for each call, a double one for those that were asked for, a grey box
 * for results that are known; arrows go from a call to those that use its result.
 */
export function draw({ calls, needsAt, needs, wanted }: Graph): string {
  const lines = ['digraph heddle {', '  rankdir=BT;', '  node [fontname="sans-serif"];'];
  for (const [node, call] of calls.entries()) {
    lines.push(`  n${node} [label=${quoted(nameOf(call))}${shapeOf(call, wanted[node] === 1)}];`);
  }
  for (let node = 0; node < calls.length; node++) {
    for (let at = needsAt[node]!; at < needsAt[node + 1]!; at++) {
      lines.push(`  n${needs[at]} -> n${node};`);
    }
  }
  lines.push('}', '');
  return lines.join('\n');
}
