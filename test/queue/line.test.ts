// Places in the line, on a real Redis.
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fractionDone } from '../../src/queue/estimates.ts';
import { createLine } from '../../src/queue/line.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

let server: TestRedis;
let redis: Redis;

beforeAll(async () => {
  server = await startRedis();
  redis = new Redis(server.url);
});

afterAll(async () => {
  redis.disconnect();
  await server.stop();
});

test('a place counts those before it and the engine seconds that they take', async () => {
  const line = createLine(redis);
  await line.join('a', 10);
  await line.join('b', 20);
  await line.join('c', 5);
  await line.join('b', 20);
  expect(await line.place('c')).toEqual({ position: 3, secondsAhead: 30 });
  await line.leave('a');
  expect(await line.place('c')).toEqual({ position: 2, secondsAhead: 20 });
  expect(await line.place('b')).toEqual({ position: 1, secondsAhead: 0 });
  expect(await line.place('a')).toBeUndefined();
});

test('whoever leaves from the middle of the line takes their seconds with them', async () => {
  const line = createLine(redis);
  for (const id of ['b', 'c']) await line.leave(id);
  const members = Array.from({ length: 100 }, (_, index) => `m${index}`);
  for (const [index, id] of members.entries()) await line.join(id, index + 0.25);
  const leaving = members.filter((_, index) => index % 3 === 1);
  for (const id of [...leaving, 'nobody', 'm1']) await line.leave(id);
  const staying = members.filter((id) => !leaving.includes(id));
  const places = await Promise.all(staying.map((id) => line.place(id)));
  let secondsAhead = 0;
  for (const [index, id] of staying.entries()) {
    expect(places[index]).toEqual({ position: index + 1, secondsAhead });
    secondsAhead += Number(id.slice(1)) + 0.25;
  }
  for (const id of staying) await line.leave(id);
  expect(await redis.keys('{animate}:line*')).toEqual([]);
});

test('a percentage weighs each stage by how long it usually takes', () => {
  const learned = { encoding_image: 1, denoising: 3, decoding: 6 };
  expect(fractionDone({ stage: 'denoising', step: 1, steps: 3, elapsed: 2 }, learned)).toBeCloseTo(0.2);
  expect(fractionDone({ stage: 'decoding', step: 3, steps: 6, elapsed: 5 }, learned)).toBeCloseTo(0.7);
});
