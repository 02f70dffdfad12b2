// What was begun is in line in the end, or given up: never both, whoever comes in whatever order.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Beginnings, createBeginnings } from '../../src/queue/beginnings.ts';
import { createRecords, type Records, type RenderRecord } from '../../src/queue/records.ts';
import { connectRedis, type Redis } from '../../src/queue/redis.ts';
import type { RenderRequest } from '../../src/render.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

const RECORD: RenderRecord = {
  ...{ id: 'web-1', platform: 'web', member: { id: 'ada', name: 'Ada' }, place: { channel: 'c', roles: [] } },
  ...{ request: {} as RenderRequest, createdAt: 0 },
};

let server: TestRedis;
let redis: Redis;
let beginnings: Beginnings;
let records: Records;

beforeEach(async () => {
  server = await startRedis();
  redis = connectRedis(server.url, () => undefined);
  beginnings = createBeginnings(redis);
  records = createRecords(redis);
});
afterEach(async () => {
  redis.disconnect();
  await server.stop();
});

test('what was begun is listed with whom it is counted for, until it has ended', async () => {
  await beginnings.begin(RECORD, 1000);
  expect(await beginnings.listBefore('web', 1000)).toEqual([]);
  const { id, platform, member, place } = RECORD;
  expect(await beginnings.listBefore('web', 1001)).toEqual([{ id, platform, member, place }]);
  expect(await beginnings.listBefore('slack', 1001)).toEqual([]);
  await beginnings.end(RECORD);
  expect(await beginnings.listBefore('web', 1001)).toEqual([]);
});

test('what is kept is not given up', async () => {
  await beginnings.begin(RECORD, 1000);
  await records.create(RECORD);
  expect(await beginnings.giveUp(RECORD, 2000)).toBe(false);
});

test('what came again meanwhile is not given up', async () => {
  await beginnings.begin(RECORD, 1000);
  await beginnings.begin(RECORD, 2000);
  expect(await beginnings.giveUp(RECORD, 1500)).toBe(false);
});

test('nothing is kept of what is given up, and it is begun only when all of it is gone', async () => {
  await beginnings.begin(RECORD, 1000);
  expect(await beginnings.giveUp(RECORD, 2000)).toBe(true);
  await expect(records.create(RECORD)).rejects.toMatchObject({ code: 'command_given_up' });
  expect(await beginnings.begin(RECORD, 3000)).toBe(false);
  // Whoever gave it up may have died: another one gives it up again.
  expect(await beginnings.listBefore('web', 2000)).toHaveLength(1);
  expect(await beginnings.giveUp(RECORD, 2000)).toBe(true);
  await beginnings.end(RECORD);
  await expect(records.create(RECORD)).rejects.toMatchObject({ code: 'command_given_up' });
  expect(await beginnings.begin(RECORD, 4000)).toBe(true);
  expect(await records.create(RECORD)).toBe(true);
});

test('of several bots one looks after them at a time', async () => {
  const claims = await Promise.all([1, 2, 3].map(() => beginnings.claim('web', 10_000)));
  expect(claims.filter((isMine) => isMine)).toHaveLength(1);
  expect(await beginnings.claim('slack', 10_000)).toBe(true);
});
