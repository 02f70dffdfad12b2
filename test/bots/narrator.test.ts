// What the narrator follows: a render's message is kept up to date for as long as the render is under way, and no longer.
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createInOrder } from '../../src/bots/in-order.ts';
import { createNarrator, type NarratorOptions } from '../../src/bots/narrator.ts';
import type { View } from '../../src/bots/view.ts';
import type { RenderStatus } from '../../src/queue/queue.ts';
import type { Outcome, RenderEntry } from '../../src/queue/records.ts';
import { REQUEST } from './limited-bot.ts';

const CANCELLED: Outcome = { kind: 'cancelled', freed: 'not_started', seconds: 1 };
const RENDERING: RenderStatus = { state: 'rendering', progress: undefined, fraction: 0.5, secondsLeft: undefined };
const AN_HOUR_MS = 3600 * 1000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A narrator, and renders whose outcome and status the test decides. */
function startNarrator() {
  const entries = new Map<string, RenderEntry>();
  const told: View[] = [];
  /** How many renders were followed when the narrator last asked for its pace. */
  let followed = 0;
  let status = RENDERING;
  const queue: NarratorOptions['queue'] = {
    find: async (id) => entries.get(id),
    status: async () => status,
    tellAgain: async () => undefined,
  };
  const narrator = createNarrator({
    queue,
    platform: { update: async (_ref, view) => void told.push(view) },
    inOrder: createInOrder(),
    redrawEveryMs: (_view, count) => {
      followed = count;
      return 200;
    },
    log: pino({ enabled: false }),
  });
  return {
    narrator,
    told,
    follow(id: string) {
      entries.set(id, {
        record: { ...{ id, platform: 'fake', createdAt: 0, member: { id: 'ada', name: 'Ada' } }, request: REQUEST },
        ref: { platform: 'fake', channel: 'c', message: id, thread: 't' },
        outcome: undefined,
        isDelivered: false,
      });
      narrator.follow(id);
    },
    end(id: string) {
      const entry = entries.get(id);
      if (entry) entries.set(id, { ...entry, outcome: CANCELLED });
    },
    stands: (as: RenderStatus) => {
      status = as;
    },
    followedNow: async () => {
      narrator.onChange('probe');
      await vi.advanceTimersByTimeAsync(0);
      return followed;
    },
    [Symbol.dispose]: () => narrator.stop(),
  };
}

test('a render that ended after its last redraw is let go of, though nothing more is heard of it', async () => {
  using tested = startNarrator();
  for (let number = 0; number < 50; number += 1) tested.follow(`render-${number}`);
  await vi.advanceTimersByTimeAsync(1000);
  for (let number = 0; number < 50; number += 1) tested.end(`render-${number}`);
  await vi.advanceTimersByTimeAsync(AN_HOUR_MS);
  tested.follow('probe');
  expect(await tested.followedNow()).toBe(1);
});

test('a message is redrawn when it reads differently, and not otherwise', async () => {
  using tested = startNarrator();
  tested.follow('render-1');
  await vi.advanceTimersByTimeAsync(AN_HOUR_MS);
  expect(tested.told).toHaveLength(1);
  tested.stands({ ...RENDERING, fraction: 0.75 });
  tested.narrator.onChange('render-1');
  await vi.advanceTimersByTimeAsync(1000);
  expect(tested.told.map(({ fraction }) => fraction)).toEqual([0.5, 0.75]);
});

test('changes that come faster than the platform likes are one redraw, of what stands at its time', async () => {
  using tested = startNarrator();
  tested.follow('render-1');
  await vi.advanceTimersByTimeAsync(0);
  for (const fraction of [0.6, 0.7, 0.8]) {
    tested.stands({ ...RENDERING, fraction });
    tested.narrator.onChange('render-1');
  }
  await vi.advanceTimersByTimeAsync(200);
  expect(tested.told.map(({ fraction }) => fraction)).toEqual([0.5, 0.8]);
});

test('nothing is told of a render whose outcome stands already, nor after the narrator was stopped', async () => {
  using tested = startNarrator();
  tested.follow('ended');
  tested.end('ended');
  tested.follow('render-1');
  tested.narrator.stop();
  await vi.advanceTimersByTimeAsync(AN_HOUR_MS);
  expect(tested.told).toEqual([]);
});
