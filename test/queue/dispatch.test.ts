// Which render is taken when, on a real Redis, by a pool whose engines are free when the test says so.
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Claim } from '../../src/gpu/pool.ts';
import { PutBack, startDispatch } from '../../src/queue/dispatch.ts';
import { addRender } from '../../src/queue/jobs.ts';
import { createLine, type Line } from '../../src/queue/line.ts';
import { rendersQueue } from '../../src/queue/names.ts';
import { KEY_PREFIX } from '../../src/queue/redis.ts';
import type { Quality, Resolution } from '../../src/render.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

let server: TestRedis;
let redis: Redis;
let line: Line;
let queues: Record<Resolution, Queue>;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  server = await startRedis();
  redis = new Redis(server.url, { maxRetriesPerRequest: null });
  line = createLine(redis);
  const open = (resolution: Resolution) =>
    new Queue(rendersQueue(resolution, 'fast'), { connection: redis, prefix: KEY_PREFIX });
  queues = { '480p': open('480p'), '720p': open('720p') };
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  await Promise.all(Object.values(queues).map((queue) => queue.close()));
  redis.disconnect();
  await server.stop();
});

const add = (id: string, resolution: Resolution, quality: Quality = 'fast') =>
  line.join({ resolution, quality }, { id, member: id, workload: 'w', seconds: 10, weight: 1 });

const waitingFor = async (resolution: Resolution) => (await line.waiting({ resolution, quality: 'fast' })).count;

/** Engines, each with what it holds; a render is on one until the test ends it. */
async function dispatchOn(
  engines: Resolution[][],
  resolutions: Resolution[] = ['480p', '720p'],
  quality: Quality = 'fast',
) {
  const busy = new Map<number, string>();
  const taken: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  let tellRoom = () => {};
  let tellTaken = () => {};
  const choose = (resolution: Resolution) =>
    engines.findIndex((held, index) => !busy.has(index) && held.includes(resolution));
  const dispatch = await startDispatch({
    redis,
    line,
    resolutions,
    quality,
    isHeld: false,
    mostLosses: 3,
    pool: {
      hasRoom: (_id, resolution) => choose(resolution) >= 0,
      claim: (id, resolution) => {
        const index = choose(resolution);
        if (index < 0) return undefined;
        busy.set(index, id);
        return {
          isAsleep: false,
          lease: () => Promise.reject(new Error('Nobody renders here')),
          async [Symbol.asyncDispose]() {
            busy.delete(index);
            tellRoom();
          },
        } satisfies Claim;
      },
      onRoom: (listener) => {
        tellRoom = listener;
      },
    },
    run: (job) => {
      taken.push(job.id ?? '');
      tellTaken();
      return new Promise((resolve, reject) => ends.set(job.id ?? '', (error) => (error ? reject(error) : resolve())));
    },
    onError: (error) => {
      throw error;
    },
  });
  stops.push(async () => {
    await dispatch.stop();
    for (const end of ends.values()) end();
    await dispatch.settled();
    await dispatch.close();
  });
  return {
    dispatch,
    taken,
    end: (id: string, error?: Error) => ends.get(id)?.(error),
    untilTaken: (count: number) =>
      new Promise<string[]>((resolve) => {
        tellTaken = () => {
          if (taken.length >= count) resolve([...taken]);
        };
        tellTaken();
      }),
  };
}

test('the first in line is next, whatever its resolution, and only when an engine is free', async () => {
  await add('b-1', '720p');
  await add('a-2', '480p');
  await add('c-3', '480p');
  const { end, untilTaken, taken } = await dispatchOn([['480p', '720p']]);
  expect(await untilTaken(1)).toEqual(['b-1']);
  expect(await waitingFor('480p')).toBe(2);
  end('b-1');
  expect(await untilTaken(2)).toEqual(['b-1', 'a-2']);
  end('a-2');
  await untilTaken(3);
  expect(taken).toEqual(['b-1', 'a-2', 'c-3']);
});

test('a render that no free engine can hold waits, and lets smaller ones by', async () => {
  await add('large-1', '720p');
  await add('large-2', '720p');
  await add('small-3', '480p');
  const { end, untilTaken } = await dispatchOn([['480p'], ['480p', '720p']]);
  expect(new Set(await untilTaken(2))).toEqual(new Set(['large-1', 'small-3']));
  end('small-3');
  end('large-1');
  expect((await untilTaken(3)).at(-1)).toBe('large-2');
});

test('a worker without an engine for a resolution leaves its renders to others', async () => {
  await add('large-1', '720p');
  const small = await dispatchOn([['480p']], ['480p']);
  await add('small-2', '480p');
  expect(await small.untilTaken(1)).toEqual(['small-2']);
  const large = await dispatchOn([['480p', '720p']]);
  expect(await large.untilTaken(1)).toEqual(['large-1']);
});

test('several workers with room take each render once', async () => {
  const workers = [await dispatchOn([['480p'], ['480p']]), await dispatchOn([['480p'], ['480p']])];
  const ids = Array.from({ length: 4 }, (_, index) => `a-${index + 1}`);
  await Promise.all(ids.map((id) => add(id, '480p')));
  await expect.poll(() => workers.flatMap(({ taken }) => taken).sort(), { timeout: 4000 }).toEqual(ids);
});

test('a render that is put back is as it was, and one that fails is tried again', async () => {
  await add('a-1', '480p');
  const { end, untilTaken } = await dispatchOn([['480p']]);
  await untilTaken(1);
  end('a-1', new PutBack('Not now'));
  await untilTaken(2);
  expect((await queues['480p'].getJob('a-1'))?.attemptsMade).toBe(0);
  end('a-1', new Error('The engine died'));
  await untilTaken(3);
  expect((await queues['480p'].getJob('a-1'))?.attemptsMade).toBe(1);
});

test('a queue that is paused is left alone, and taken from when it goes on', async () => {
  await queues['480p'].pause();
  const { end, taken, untilTaken } = await dispatchOn([['480p', '720p']]);
  await add('paused-1', '480p');
  await add('other-2', '720p');
  await untilTaken(1);
  expect(taken).toEqual(['other-2']);
  end('other-2');
  await queues['480p'].resume();
  expect(await untilTaken(2)).toEqual(['other-2', 'paused-1']);
});

test('a worker that stops takes nothing more', async () => {
  const { dispatch, taken } = await dispatchOn([['480p'], ['480p']]);
  await dispatch.stop();
  await add('a-1', '480p');
  expect(await waitingFor('480p')).toBe(1);
  expect(taken).toEqual([]);
});

test('a worker takes the renders of the quality that its engine makes, and no others', async () => {
  await add('fast-1', '480p');
  const best = await dispatchOn([['480p']], ['480p'], 'best');
  await add('best-2', '480p', 'best');
  expect(await best.untilTaken(1)).toEqual(['best-2']);
  const fast = await dispatchOn([['480p']]);
  expect(await fast.untilTaken(1)).toEqual(['fast-1']);
});

test('a render whose worker died between making it a job and striking it off is taken once', async () => {
  await add('a-1', '480p');
  await add('b-2', '480p');
  await addRender(queues['480p'], 'a-1');
  const { end, untilTaken, taken } = await dispatchOn([['480p']]);
  await untilTaken(1);
  end('a-1');
  await untilTaken(2);
  end('b-2');
  await expect.poll(() => waitingFor('480p')).toBe(0);
  expect(taken).toEqual(['a-1', 'b-2']);
});

test('a render whose worker died before it took the job is taken by the next, before those in line', async () => {
  await add('a-1', '480p');
  await add('b-2', '480p');
  await addRender(queues['480p'], 'b-2');
  await line.take({ resolution: '480p', quality: 'fast' }, 'b-2');
  const { end, untilTaken } = await dispatchOn([['480p']]);
  expect(await untilTaken(1)).toEqual(['b-2']);
  end('b-2');
  expect(await untilTaken(2)).toEqual(['b-2', 'a-1']);
});

test('a queue that is paused keeps its order: nothing is made a job', async () => {
  await queues['480p'].pause();
  await dispatchOn([['480p']]);
  for (const id of ['a-1', 'b-2', 'c-3']) await add(id, '480p');
  await add('other-4', '720p');
  const large = await dispatchOn([['720p']]);
  await large.untilTaken(1);
  expect(await waitingFor('480p')).toBe(3);
});

test('members share the engines: a flood of one lets the first render of another by', async () => {
  const flood = (count: number) =>
    Array.from({ length: count }, (_, number) =>
      line.join(
        { resolution: '480p', quality: 'fast' },
        { id: `ada-${number}`, member: 'ada', workload: 'w', seconds: 10, weight: 1 },
      ),
    );
  await Promise.all(flood(1000));
  const { end, untilTaken } = await dispatchOn([['480p'], ['480p']]);
  const begun = await untilTaken(2);
  await add('bob-1', '480p');
  end(begun[0] ?? '');
  expect((await untilTaken(3))[2]).toBe('bob-1');
});
