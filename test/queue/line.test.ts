// Who is before whom, on a real Redis.
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { fractionDone } from '../../src/queue/estimates.ts';
import { createLine, type Line } from '../../src/queue/line.ts';
import type { Resolution } from '../../src/render.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { createModel } from './line-model.ts';

const SMALL = { resolution: '480p', quality: 'fast' } as const;
const LARGE = { resolution: '720p', quality: 'fast' } as const;
const BOTH: Resolution[] = ['480p', '720p'];

let server: TestRedis;
let redis: Redis;
let line: Line;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
  line = createLine(redis);
});

beforeEach(async () => void (await redis.flushall()));

afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

const join = (
  id: string,
  { member = id.split('-')[0] ?? id, seconds = 10, weight = 1, lane = SMALL as typeof SMALL | typeof LARGE } = {},
) => line.join(lane, { id, member, workload: `${seconds} s`, seconds, weight });

async function takeNext(resolutions: Resolution[] = BOTH): Promise<string | undefined> {
  const next = await line.next('fast', resolutions);
  if (next) await line.take({ ...next, quality: 'fast' }, next.id);
  return next?.id;
}

async function takeAll(resolutions?: Resolution[]): Promise<string[]> {
  const taken: string[] = [];
  for (let id = await takeNext(resolutions); id !== undefined; id = await takeNext(resolutions)) taken.push(id);
  return taken;
}

const flood = async (member: string, count: number, options = {}) => {
  for (let number = 1; number <= count; number += 1) await join(`${member}-${number}`, { member, ...options });
};

test('members without a claim on each other are taken as they came', async () => {
  for (const member of ['ada', 'bob', 'cy']) await join(`${member}-1`);
  expect(await takeAll()).toEqual(['ada-1', 'bob-1', 'cy-1']);
});

test('so are those who want different resolutions, by engines that take both', async () => {
  for (const [id, lane] of [
    ['ada-1', LARGE],
    ['bob-1', SMALL],
    ['cy-1', LARGE],
    ['dan-1', SMALL],
  ] as const)
    await join(id, { lane });
  expect(await takeAll()).toEqual(['ada-1', 'bob-1', 'cy-1', 'dan-1']);
});

test('a thousand renders of one member are no reason for another to wait behind them', async () => {
  await flood('ada', 1000);
  for (let engine = 0; engine < 10; engine += 1) await takeNext();
  await join('bob-1');
  expect(await line.ahead(SMALL, 'bob-1')).toEqual({ own: new Map(), others: new Map() });
  expect(await takeNext()).toBe('bob-1');
});

test('shares are of engine time, not of renders', async () => {
  await flood('ada', 40, { seconds: 5 });
  await flood('bob', 40, { seconds: 20 });
  const first = (await takeAll()).slice(0, 20);
  expect(first.filter((id) => id.startsWith('ada'))).toHaveLength(16);
});

test('a member of three times the weight gets three times the time', async () => {
  await flood('ada', 60, { weight: 3 });
  await flood('bob', 60);
  const first = (await takeAll()).slice(0, 40);
  expect(first.filter((id) => id.startsWith('ada'))).toHaveLength(30);
});

test('whoever was served owes it, also after their part of the line was empty', async () => {
  await flood('ada', 1);
  await takeNext();
  await flood('ada', 2);
  await join('bob-1');
  expect(await takeAll()).toEqual(['bob-1', 'ada-1', 'ada-2']);
});

test('what was cancelled is not owed', async () => {
  await flood('ada', 100);
  await takeNext();
  for (let number = 2; number <= 100; number += 1) expect(await line.leave(SMALL, `ada-${number}`)).toBe(true);
  expect(await line.leave(SMALL, 'ada-2')).toBe(false);
  await flood('bob', 3);
  await join('ada-101');
  expect(await takeAll()).toEqual(['bob-1', 'ada-101', 'bob-2', 'bob-3']);
});

test('joining twice keeps the first place, and taking or leaving twice changes nothing', async () => {
  await join('ada-1');
  await join('bob-1');
  await join('ada-1');
  await line.take(SMALL, 'ada-1');
  await line.take(SMALL, 'ada-1');
  expect(await takeAll()).toEqual(['bob-1']);
  expect(await line.ahead(SMALL, 'bob-1')).toBeUndefined();
});

test('on engines that take both resolutions they share as one line', async () => {
  await flood('ada', 20, { lane: LARGE, seconds: 20 });
  await flood('bob', 40, { lane: SMALL, seconds: 10 });
  await join('cy-1', { lane: SMALL, seconds: 10 });
  const first = (await takeAll()).slice(0, 13);
  expect(first.slice(0, 3).sort()).toEqual(['ada-1', 'bob-1', 'cy-1']);
  expect(first.filter((id) => id.startsWith('ada'))).toHaveLength(4);
});

test('a first render of either resolution goes before what others have in both', async () => {
  await flood('ada', 50, { lane: LARGE });
  await flood('ada', 50, { lane: SMALL });
  for (let render = 0; render < 20; render += 1) await takeNext();
  await join('bob-1', { lane: LARGE });
  await join('cy-1', { lane: SMALL });
  expect([await takeNext(), await takeNext()].sort()).toEqual(['bob-1', 'cy-1']);
});

test('a resolution that few engines could take does not hold the others up once they can', async () => {
  await flood('ada', 100, { lane: LARGE });
  await flood('bob', 200, { lane: SMALL });
  for (let round = 0; round < 10; round += 1) {
    await takeNext(['720p']);
    for (let engine = 0; engine < 9; engine += 1) await takeNext(['480p']);
  }
  const next = [await takeNext(), await takeNext(), await takeNext(), await takeNext()];
  expect(next.filter((id) => id?.startsWith('ada'))).toHaveLength(2);
});

test('how many wait, and since when', async () => {
  let now = 1000;
  const timed = createLine(redis, () => now);
  for (const id of ['a', 'b']) {
    await timed.join(SMALL, { id, member: id, workload: 'w', seconds: 1, weight: 1 });
    now += 500;
  }
  expect(await timed.waiting(SMALL)).toEqual({ count: 2, oldestAt: 1000 });
  await timed.leave(SMALL, 'a');
  expect(await timed.waiting(SMALL)).toEqual({ count: 1, oldestAt: 1500 });
  expect(await timed.waiting(LARGE)).toEqual({ count: 0, oldestAt: undefined });
});

test('an empty line leaves next to nothing in Redis', async () => {
  await flood('ada', 50);
  await flood('bob', 50, { lane: LARGE });
  for (let number = 1; number <= 50; number += 2) await line.leave(SMALL, `ada-${number}`);
  await takeAll();
  const left = (await redis.keys('*')).filter((key) => !key.endsWith(':served'));
  expect(left).toEqual(['{animate}:line:fast']);
});

test('whoever watches hears of those who join and leave', async () => {
  const heard: string[] = [];
  let tell = (): void => undefined;
  const stop = await line.watch((what) => {
    heard.push(what);
    tell();
  });
  const both = new Promise<void>((resolve) => {
    tell = () => heard.length === 2 && resolve();
  });
  await join('ada-1');
  await line.leave(SMALL, 'ada-1');
  await both;
  stop();
  expect(heard).toEqual(['joined', 'left']);
});

const member = fc.constantFrom('ada', 'bob', 'cy', 'dan');
const resolution = fc.constantFrom<Resolution>('480p', '720p');
const step = fc.oneof(
  fc.record({
    act: fc.constant('join' as const),
    resolution,
    member,
    seconds: fc.constantFrom(1, 2.5, 6.1, 30),
    weight: fc.constantFrom(0.5, 1, 3),
  }),
  fc.record({ act: fc.constant('take' as const), resolutions: fc.constantFrom(BOTH, BOTH, ['480p'], ['720p']) }),
  fc.record({ act: fc.constant('leave' as const), pick: fc.nat(1000) }),
);

test('after any sequence of joins, turns and cancels the order and the places are those of the model', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      await redis.flushall();
      const model = createModel();
      for (const [number, each] of steps.entries()) {
        const ids = model.ids();
        if (each.act === 'join') {
          const id = `r${number}`;
          model.join(each.resolution, id, each.member, each.seconds, each.weight);
          const { resolution, ...joining } = each;
          await line.join({ resolution, quality: 'fast' }, { ...joining, id, workload: `${each.seconds}` });
        } else if (each.act === 'take') {
          const expected = model.next(each.resolutions as Resolution[]);
          expect(await takeNext(each.resolutions as Resolution[])).toBe(expected?.id);
          if (expected) model.take(expected.id);
        } else if (ids.length > 0) {
          const id = ids[each.pick % ids.length] ?? '';
          model.leave(id);
          await Promise.all([line.leave(SMALL, id), line.leave(LARGE, id)]);
        }
      }
      for (const id of model.ids()) {
        const ahead = (await line.ahead(SMALL, id)) ?? (await line.ahead(LARGE, id));
        const sum = (counts = new Map<string, number>()) =>
          [...counts.values()].reduce((total, each) => total + each, 0);
        expect({ own: sum(ahead?.own), others: sum(ahead?.others) }).toEqual(model.ahead(id));
      }
    }),
    { numRuns: 150 },
  );
});

test('a percentage weighs each stage by how long it usually takes', () => {
  const learned = { encoding_image: 1, denoising: 3, decoding: 6 };
  expect(fractionDone({ stage: 'denoising', step: 1, steps: 3, elapsed: 2 }, learned)).toBeCloseTo(0.2);
  expect(fractionDone({ stage: 'decoding', step: 3, steps: 6, elapsed: 5 }, learned)).toBeCloseTo(0.7);
});
