/**
 * The page: its connection to the program, and the view that is shown.
 */
import type { FeedMessage } from '../messages.ts';
import { el, setText } from './dom.ts';
import { ErrorsView } from './errors.ts';
import { GraphView } from './graph.ts';
import { MemoryView } from './memory.ts';
import { NowView } from './now.ts';
import { PageState, type View } from './state.ts';
import { StreamView } from './stream.ts';
import { WorkersView } from './workers.ts';

const state = new PageState();
const views: readonly View[] = [
  new NowView(),
  new StreamView(),
  new WorkersView(),
  new MemoryView(),
  new GraphView(),
  new ErrorsView(),
];
const program = document.querySelector('#program')!;
const connection = document.querySelector('#connection')!;
const tabList = document.querySelector('#tabs')!;
const main = document.querySelector('#views')!;

/** Shows one view, and says which in the address, so that it is there again after a reload. */
function select(chosen: View, focus: boolean): void {
  for (const view of views) {
    const tab = document.querySelector<HTMLElement>(`#tab-${view.name}`)!;
    const isChosen = view === chosen;
    tab.setAttribute('aria-selected', String(isChosen));
    tab.tabIndex = isChosen ? 0 : -1;
    if (isChosen && focus) tab.focus();
    document.querySelector<HTMLElement>(`#view-${view.name}`)!.hidden = !isChosen;
  }
  history.replaceState(null, '', `#${chosen.name}`);
  shown = chosen;
  chosen.show(state);
}

let shown = views.find(({ name }) => location.hash === `#${name}`) ?? views[0]!;

for (const [at, view] of views.entries()) {
  const { name, title, element } = view;
  const tab = el(
    'button',
    { type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': `view-${name}` },
    title,
  );
  tab.addEventListener('click', () => select(view, false));
  tab.addEventListener('keydown', ({ key }) => {
    const step = key === 'ArrowRight' ? 1 : key === 'ArrowLeft' ? -1 : 0;
    if (step !== 0) select(views[(at + step + views.length) % views.length]!, true);
    else if (key === 'Home') select(views[0]!, true);
    else if (key === 'End') select(views.at(-1)!, true);
  });
  tabList.append(tab);
  const panel = el('div', {
    role: 'tabpanel',
    id: `view-${name}`,
    'aria-labelledby': `tab-${name}`,
  });
  panel.append(element);
  main.append(panel);
}
select(shown, false);

let due = false;
const events = new EventSource('events');
events.addEventListener('open', () => {
  state.reset();
  setText(connection, 'live');
  document.body.classList.remove('gone');
});
events.addEventListener('error', () => {
  setText(connection, 'the program does not answer');
  document.body.classList.add('gone');
});
events.addEventListener('message', ({ data }: MessageEvent<string>) => {
  state.accept(JSON.parse(data) as FeedMessage);
  const { program: about } = state.message!;
  const from =
    about.source === 'system'
      ? ' · seen from outside: it has no feed (HEDDLE_DASHBOARD=attach)'
      : '';
  const version = about.node === null ? '' : ` · Node ${about.node}`;
  setText(program, `${about.title} · process ${about.pid}${version}${from}`);
  document.title = `${about.title} – Heddle`;
  update();
});

/** Shows the newest state with the next frame: of several messages that wait the last is enough. */
function update(): void {
  if (due || document.hidden) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    shown.show(state);
  });
}

document.addEventListener('visibilitychange', () => {
  if (!document.hidden) shown.show(state);
});
