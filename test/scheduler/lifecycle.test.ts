/** What becomes of workers, as a table: from what is known of one and what happens to it. */
import { describe, expect, it } from 'vitest';
import { ClaimTable } from '../../src/protocol/index.ts';
import { decide } from '../../src/scheduler/decide.ts';
import type { LifecycleEvent, WorkerFacts } from '../../src/scheduler/lifecycle.ts';
import type { Batch } from '../../src/scheduler/seams.ts';

describe('a worker', () => {
  const worker = (changes: Partial<WorkerFacts> = {}): WorkerFacts => ({
    state: 'ready',
    exitReason: null,
    version: '1',
    slots: [null, null],
    load: 0,
    concurrency: 1,
    undecoded: 0,
    port: { claims: null },
    ...changes,
  });
  const crash = { reason: 'exit', code: 1 } as const;
  const starting = { state: 'starting', version: null } as const;
  const become = (state: string, exitReason: object | null = null, version?: string) => ({
    do: 'become',
    state,
    exitReason,
    ...(version ? { version } : {}),
  });
  const killed = { kind: 'killed', why: 'x' } as const;
  const dead = (reason: object) =>
    expect.objectContaining({ state: 'dead', exitReason: expect.objectContaining(reason) });
  const left = expect.objectContaining({ do: 'leave' });
  const on = { do: 'go-on', refill: true };
  const broken = new Error('read ECONNRESET');

  it.each<[string, Partial<WorkerFacts>, LifecycleEvent, number, unknown[]]>([
    [
      'comes up',
      starting,
      { type: 'ready', version: '1', wanted: '1' },
      2,
      [
        become('ready', null, '1'),
        { do: 'count-starts', failed: 0 },
        { do: 'go-on', refill: false },
      ],
    ],
    [
      'comes up although it is to go',
      { ...starting, state: 'draining', exitReason: { kind: 'done' } },
      { type: 'ready', version: '1', wanted: '1' },
      0,
      [
        become('draining', { kind: 'done' }, '1'),
        { do: 'count-starts', failed: 0 },
        { do: 'go-on', refill: false },
      ],
    ],
    ['retires', {}, { type: 'retire' }, 0, [become('draining', { kind: 'done' }), { do: 'stop' }]],
    ['retires when it is decoded', { undecoded: 1 }, { type: 'retire' }, 0, [become('draining')]],
    [
      'was decoded',
      { state: 'draining' },
      { type: 'decoded' },
      0,
      [become('draining', { kind: 'done' }), { do: 'stop' }],
    ],
    [
      'is told once to stop',
      { state: 'draining', exitReason: { kind: 'done' } },
      { type: 'decoded' },
      0,
      [become('draining', { kind: 'done' })],
    ],
    ['stays', {}, { type: 'decoded' }, 0, []],
    ['is killed', {}, { type: 'kill', why: 'x' }, 0, [become('killed', killed), { do: 'end-now' }]],
    [
      'was killed for another reason first',
      { state: 'killed', exitReason: killed },
      { type: 'expire', tasks: [] },
      0,
      [become('killed', killed), { do: 'end-now' }],
    ],
    [
      'is killed although it was to stop, and keeps what it said',
      { state: 'draining', exitReason: { kind: 'done', error: 'e' } },
      { type: 'kill', why: 'x' },
      0,
      [become('killed', { ...killed, error: 'e' }), { do: 'end-now' }],
    ],
    ['retires no more', { state: 'killed', exitReason: killed }, { type: 'retire' }, 0, []],
    ['is dead', { state: 'dead' }, { type: 'kill', why: 'x' }, 0, []],
    [
      'ends without work',
      {},
      { type: 'exit', exit: crash, hint: undefined },
      0,
      [dead({ kind: 'ended' }), left, on],
    ],
    [
      'told why before',
      { exitReason: { kind: 'uncaught', error: 'e' } },
      { type: 'exit', exit: crash, hint: undefined },
      0,
      [dead({ kind: 'uncaught', error: 'e' }), left, { do: 'log-uncaught', error: 'e' }, on],
    ],
    [
      'never came up',
      starting,
      { type: 'exit', exit: crash, hint: undefined },
      1,
      [dead({ kind: 'ended' }), left, { do: 'count-starts', failed: 2 }, on],
    ],
    [
      'never came up, as those before',
      starting,
      { type: 'exit', exit: crash, hint: undefined },
      2,
      [
        dead({ kind: 'ended' }),
        left,
        { do: 'count-starts', failed: 0 },
        { do: 'fail-all', what: '3 in a row were exited with code 1', cause: undefined },
        on,
      ],
    ],
    [
      'says nothing after its start',
      starting,
      { type: 'silent', ms: 70 },
      0,
      [become('killed', { kind: 'silent', ms: 70 }), { do: 'end-now' }],
    ],
    ['had come up when its time was over', {}, { type: 'silent', ms: 70 }, 0, []],
    [
      'ends after it has said nothing',
      { ...starting, state: 'killed', exitReason: { kind: 'silent', ms: 70 } },
      { type: 'exit', exit: { reason: 'signal', signal: 'SIGKILL' }, hint: undefined },
      0,
      [dead({ kind: 'silent' }), left, { do: 'count-starts', failed: 1 }, on],
    ],
    [
      'ends after it has said nothing, as those before',
      { ...starting, state: 'killed', exitReason: { kind: 'silent', ms: 70 } },
      { type: 'exit', exit: { reason: 'signal', signal: 'SIGKILL' }, hint: undefined },
      2,
      [
        dead({ kind: 'silent' }),
        left,
        { do: 'count-starts', failed: 0 },
        expect.objectContaining({
          do: 'fail-all',
          what: expect.stringMatching(/^3 in a row gave no sign of life for 70 ms .*startTimeout/),
        }),
        on,
      ],
    ],
    [
      'was killed before it came up',
      { ...starting, state: 'killed', exitReason: killed },
      { type: 'exit', exit: crash, hint: 'h' },
      2,
      [dead(killed), left, on],
    ],
    [
      'was told to stop before it came up',
      { ...starting, state: 'draining', exitReason: { kind: 'done' } },
      { type: 'exit', exit: { reason: 'exit', code: 0 }, hint: undefined },
      2,
      [dead({ kind: 'done' }), left, on],
    ],
    [
      'was told to stop, and its connection breaks before it has',
      { state: 'draining', exitReason: { kind: 'done' } },
      { type: 'exit', exit: { reason: 'lost', why: 'reset', error: broken }, hint: undefined },
      0,
      [dead({ kind: 'done' }), expect.objectContaining({ do: 'leave', error: broken }), on],
    ],
    [
      'was told to stop, and says what was thrown in it',
      { state: 'draining', exitReason: { kind: 'done', error: broken } },
      { type: 'exit', exit: { reason: 'exit', code: 1 }, hint: undefined },
      0,
      [
        dead({ kind: 'done', error: broken }),
        expect.objectContaining({ do: 'leave', error: broken }),
        { do: 'log-uncaught', error: broken },
        on,
      ],
    ],
    [
      'lost its connection',
      {},
      { type: 'exit', exit: { reason: 'lost', why: 'reset', error: broken }, hint: undefined },
      0,
      [
        dead({ kind: 'ended' }),
        expect.objectContaining({ do: 'leave', error: broken }),
        { do: 'log-uncaught', error: broken },
        on,
      ],
    ],
    [
      'was ended by its backend for a time-out',
      {},
      { type: 'exit', exit: { ...crash, expired: 2 }, hint: undefined },
      0,
      [dead({ kind: 'expired', tasks: [] }), left, on],
    ],
  ])('%s', (_what, facts, event, failedStarts, expected) => {
    expect(decide({ worker: worker(facts), failedStarts, othersUp: false }, event)).toEqual(
      expected,
    );
  });

  it('that can not be had is gone without where others are up', () => {
    const exits = [
      { exit: crash, failedStarts: 2 },
      { exit: { reason: 'lost', why: 'x', error: broken } as const, failedStarts: 0 },
    ];
    for (const { exit, failedStarts } of exits) {
      const event = { type: 'exit', exit, hint: undefined } as const;
      const actions = decide({ worker: worker(starting), failedStarts, othersUp: true }, event);
      expect(actions.map((action) => action.do)).toEqual([
        'become',
        'leave',
        'count-starts',
        'go-without',
        'go-on',
      ]);
    }
  });

  it('that never came up had begun nothing, whatever its backend can not tell', () => {
    const batch = { id: 1, slot: 0, count: 3, settled: 0 } as Batch;
    const facts = worker({ ...starting, slots: [batch, null], load: 1 });
    const event = { type: 'exit', exit: crash, hint: undefined } as const;
    const actions = decide({ worker: facts, failedStarts: 0, othersUp: false }, event);
    const [lost] = actions.filter((action) => action.do === 'lose');
    expect(lost!.reached).toEqual({ claimed: 0, position: null });
  });

  it('of another version is killed, and nobody waits for it', () => {
    const event = { type: 'ready', version: '2', wanted: '1' } as const;
    const what = 'it runs version 2 of heddle, and this program 1';
    expect(decide({ worker: worker(starting), failedStarts: 0, othersUp: false }, event)).toEqual([
      become('ready', null, '2'),
      become('killed', { kind: 'killed', why: what }),
      { do: 'end-now' },
      { do: 'fail-all', what },
    ]);
  });

  it('loses its batches, oldest first, with what is known of each', () => {
    const table = new ClaimTable(2);
    table.open(0, 3);
    for (let i = 0; i < 2; i++) table.claim(0);
    table.begin(0, 1, 5);
    const one = { id: 1, slot: 0, count: 3, settled: 0 } as Batch;
    const next = { ...one, id: 2, slot: 1 };
    const facts = worker({ slots: [next, one], load: 2, port: { claims: table } });
    const actions = decide(
      { worker: facts, failedStarts: 0, othersUp: false },
      { type: 'exit', exit: crash, hint: 'h' },
    );
    const lost = actions.filter((action) => action.do === 'lose');
    expect(lost.map(({ batch, reached }) => [batch.id, reached.position])).toEqual([
      [1, 1],
      [2, null],
    ]);
    expect(lost[0]!.loss).toEqual({ exitCode: 1, signal: null, hint: 'h' });
  });

  it('says which tasks ran beside each other', () => {
    const table = new ClaimTable(3);
    const batches = [0, 1, 2].map((slot) => {
      table.open(slot, 2);
      if (slot < 2) table.claim(slot);
      if (slot < 2) table.begin(slot, 0, 5);
      return { id: slot + 1, slot, count: 2, settled: 0 } as Batch;
    });
    const facts = worker({ slots: batches, load: 3, concurrency: 2, port: { claims: table } });
    const exits = [
      [{ ...crash }, undefined],
      [{ ...crash, expired: 0 }, [{ batch: batches[0], position: 0 }]],
    ] as const;
    for (const [exit, expired] of exits) {
      const event = { type: 'exit', exit, hint: undefined } as const;
      const actions = decide({ worker: facts, failedStarts: 0, othersUp: false }, event);
      const lost = actions.filter((action) => action.do === 'lose');
      expect(lost.map(({ reached }) => reached.position)).toEqual([0, 0, null]);
      expect(lost[0]!.loss.beside).toEqual([
        { batch: batches[0], position: 0 },
        { batch: batches[1], position: 0 },
      ]);
      expect(actions[0]).toMatchObject({
        exitReason: expired ? { kind: 'expired', tasks: expired } : { kind: 'ended' },
      });
    }
  });
});
