/**
 * Colours of functions: each keeps its own as long as the page is open.
 */

/** Told apart from each other and from both backgrounds, also by most who don't see all colours. */
const PALETTE = [
  '#2f78c4',
  '#d9822b',
  '#3a9d5d',
  '#b65fcf',
  '#c99a00',
  '#1b9aaa',
  '#d1608f',
  '#7a7fd6',
  '#8a6d3b',
  '#5f8a00',
] as const;

/** Names that share the last colour: `other`. */
const OTHER = '#8a8f98';
export const FAILED = '#d03b3b';

/** @param label - its place in the list of names, of which the first is `other` */
export function colorOf(label: number): string {
  return label === 0 ? OTHER : PALETTE[(label - 1) % PALETTE.length]!;
}
