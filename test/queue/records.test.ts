// What is known of a render, on a real Redis, when several write at once.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createBeginnings } from '../../src/queue/beginnings.ts';
import { createRecords, type Outcome, type Records, type RenderRecord } from '../../src/queue/records.ts';
import { connectRedis, type Redis } from '../../src/queue/redis.ts';
import { begin } from '../fakes/beginnings.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { everythingIn } from '../fakes/redis-contents.ts';

const ID = 'web-1';
const DELETED: Outcome = { kind: 'deleted' };
const FAILED: Outcome = { kind: 'failed', code: 'render_failed', message: 'It broke.', seconds: 1 };
const DONE: Outcome = { kind: 'done', clip: 'clips/web-1.mp4', result: {} as never, seconds: 1, engineSeconds: 1 };
const RECORD: RenderRecord = {
  ...{ id: ID, platform: 'web', member: { id: 'ada', name: 'Ada' }, createdAt: 0 },
  request: {
    ...{ image: 'pictures/web-1.png', prompt: 'go', negative: '', resolution: '480p', quality: 'fast' },
    ...{ seconds: 1, seed: 1, width: 832, height: 480, frames: 25 },
  },
};

let server: TestRedis;
let redis: Redis;
let records: Records;

beforeEach(async () => {
  server = await startRedis();
  redis = connectRedis(server.url, () => undefined);
  records = createRecords(redis);
  await begin(redis, RECORD);
  await records.create(RECORD);
  await records.open(ID, { platform: 'web', channel: 'c', message: 'm', thread: 't' });
  await createBeginnings(redis).end(RECORD);
});
afterEach(async () => {
  redis.disconnect();
  await server.stop();
});

test.each([
  ['a look at the clip that refuses it', DONE, () => records.withdraw(ID, FAILED)],
  ['an admin who has it tried again', FAILED, () => records.reopen(ID, 'web')],
  ['the delivery of what it came to', DONE, () => records.markDelivered(RECORD, DONE)],
  ['a worker that ends it', undefined, () => records.settle(ID, DONE)],
])('a deletion is not undone by %s', async (_who, before, late) => {
  if (before) await records.settle(ID, before);
  await records.markDeleted(RECORD);
  await late();
  expect(await records.get(ID)).toMatchObject({ outcome: DELETED, isDelivered: false });
  expect(await records.listOpen('web')).toEqual([ID]);
  await records.markDelivered(RECORD, DELETED);
  expect(await records.listOpen('web')).toEqual([]);
});

test('a deletion takes the words at once, and once it is told nothing says whose it was', async () => {
  await records.settle(ID, DONE);
  await records.markDeleted(RECORD);
  const member = { id: 'ada', name: '' };
  expect(await records.get(ID)).toMatchObject({
    record: { id: ID, member, request: { prompt: '', negative: '', seed: 0 } },
  });
  expect(await records.listOf('web', 'ada')).toEqual([ID]);
  await records.markDelivered(RECORD, DELETED);
  expect((await records.get(ID))?.record.member).toEqual({ id: '', name: '' });
  expect(await records.listOf('web', 'ada')).toEqual([]);
  const kept = await everythingIn(redis);
  expect(kept).not.toContain('ada');
  expect(kept).not.toContain('Ada');
});

test('nothing is begun anew of a render that retention has deleted', async () => {
  await records.settle(ID, FAILED);
  await records.purge(ID, RECORD);
  const ref = { platform: 'web', channel: 'c', message: 'm', thread: 't' };
  expect(await records.settle(ID, DONE)).toEqual(DONE);
  await records.open(ID, ref);
  await records.withdraw(ID, FAILED);
  await records.markDelivered(RECORD, FAILED);
  await records.markDeleted(RECORD);
  expect(await records.reopen(ID, 'web')).toBe(false);
  expect(await redis.keys('*')).toEqual([]);
});
