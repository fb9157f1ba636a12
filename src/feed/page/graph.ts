/**
 * Graphs of calls: what needs what, and how far each is.
 */
import { Graph, layout } from '@dagrejs/dagre';
import type { GraphMessage, RunState } from '../messages.ts';
import { Asked } from './asked.ts';
import { el, setText } from './dom.ts';
import { count } from './format.ts';
import type { PageState, View } from './state.ts';

const SVG = 'http://www.w3.org/2000/svg';
const HEIGHT = 28;
const LETTER = 7;
const MAX_LETTERS = 24;

function svg(tag: string, attributes: Readonly<Record<string, string | number>>): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

export class GraphView implements View {
  readonly name = 'graph';
  readonly title = 'Graph';
  readonly element: HTMLElement;
  readonly #choice = el('select', { id: 'graph-run' });
  readonly #about = el('p', { id: 'graph-about' });
  readonly #place = el('div', {
    class: 'graph scroll',
    tabindex: 0,
    role: 'region',
    'aria-label': 'Graph',
  });
  readonly #asked = new Asked<GraphMessage | null>(500, (graph) => this.#show(graph));
  #runs = '';
  #drawn = '';
  #boxes: SVGElement[] = [];

  constructor() {
    const label = el('label', { for: 'graph-run' }, 'Run ');
    this.element = el('section', {}, el('p', {}, label, this.#choice), this.#about, this.#place);
  }

  show({ message }: PageState): void {
    const runs = message?.runs.filter(({ graph }) => graph) ?? [];
    this.#offer(runs);
    if (runs.length > 0) this.#asked.ask(`graph.json?run=${this.#choice.value}`);
    else setText(this.#about, 'No graph has been computed since the page was opened.');
  }

  #offer(runs: readonly RunState[]): void {
    const key = runs.map(({ run }) => run).join();
    if (key === this.#runs) return;
    this.#runs = key;
    const { value } = this.#choice;
    const options = runs.map(({ run, label }) => el('option', { value: run }, `${label} #${run}`));
    this.#choice.replaceChildren(...options);
    if (runs.some(({ run }) => String(run) === value)) this.#choice.value = value;
  }

  #show(graph: GraphMessage | null): void {
    if (!graph) return;
    const { run, size, labels, states, needs } = graph;
    const done = states.filter((state) => state === 'done').length;
    const text = `${count(size)} calls and chains of calls`;
    setText(
      this.#about,
      labels.length < size ? `${text}: too many to be drawn` : `${text}, ${count(done)} done`,
    );
    const key = `${run} ${labels.length}`;
    if (key !== this.#drawn) {
      this.#drawn = key;
      this.#draw(labels, needs);
    }
    for (const [at, state] of states.entries())
      this.#boxes[at]!.setAttribute('class', `call ${state}`);
  }

  #draw(labels: readonly string[], needs: GraphMessage['needs']): void {
    const graph = new Graph();
    graph.setGraph({ rankdir: 'LR', nodesep: 12, ranksep: 40, marginx: 8, marginy: 8 });
    graph.setDefaultEdgeLabel(() => ({}));
    const short = labels.map((text) =>
      text.length > MAX_LETTERS ? `${text.slice(0, MAX_LETTERS - 1)}…` : text,
    );
    for (const [at, text] of short.entries()) {
      graph.setNode(String(at), { width: LETTER * text.length + 20, height: HEIGHT });
    }
    for (const [need, user] of needs) graph.setEdge(String(need), String(user));
    layout(graph);
    const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
    const picture = svg('svg', { width, height, viewBox: `0 0 ${width} ${height}` });
    for (const edge of graph.edges()) {
      const { points = [] } = graph.edge(edge) as { points?: readonly { x: number; y: number }[] };
      const line = points.map(({ x, y }) => `${x},${y}`).join(' ');
      picture.append(svg('polyline', { class: 'need', points: line }));
    }
    this.#boxes = short.map((text, at) => {
      const {
        x,
        y,
        width: wide,
      } = graph.node(String(at)) as { x: number; y: number; width: number };
      const box = svg('g', { class: 'call' });
      const rect = svg('rect', {
        x: x - wide / 2,
        y: y - HEIGHT / 2,
        width: wide,
        height: HEIGHT,
        rx: 6,
      });
      const words = svg('text', { x, y: y + 4, 'text-anchor': 'middle' });
      words.textContent = text;
      const title = svg('title', {});
      title.textContent = labels[at]!;
      box.append(title, rect, words);
      picture.append(box);
      return box;
    });
    this.#place.replaceChildren(picture);
  }
}
