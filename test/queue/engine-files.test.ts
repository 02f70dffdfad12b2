// What stays in the engines' folders, on a real disk and a real Redis.
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startEngineSweep } from '../../src/queue/engine-files.ts';
import { createRecords, type RenderRecord } from '../../src/queue/records.ts';
import { connectRedis, type Redis } from '../../src/queue/redis.ts';
import { begin } from '../fakes/beginnings.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

const FOUND = { timeout: 90_000 };

let folder: string;
let server: TestRedis;
let redis: Redis;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-engines-'));
  server = await startRedis();
  redis = connectRedis(server.url, () => undefined);
});

afterEach(async () => {
  redis.disconnect();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

test('what a render left behind goes once its outcome is known, and not before', async () => {
  const records = createRecords(redis);
  for (const id of ['web-ended', 'web-goes-on']) {
    await begin(redis, recordOf(id));
    await records.create(recordOf(id));
  }
  await records.settle('web-ended', { kind: 'failed', code: 'render_failed', message: 'No.', seconds: 1 });
  const kept = ['engine-0/inputs/web-goes-on.png', 'engine-0/outputs/web-goes-on.mp4', 'engine-1/cache/web-ended.bin'];
  const left = [
    'engine-0/outputs/web-ended.mp4',
    'engine-1/inputs/web-ended.png.1234.part',
    'engine-1/inputs/web-unknown.png',
  ];
  for (const engine of ['engine-0', 'engine-1']) {
    for (const name of ['inputs', 'outputs', 'cache']) await mkdir(join(folder, engine, name), { recursive: true });
  }
  // As the process runtime has it.
  kept.unshift('engine-0.log');
  // What an engine may put there to stop the sweep.
  await mkdir(join(folder, 'engine-0/outputs/a folder/in a folder'), { recursive: true });
  left.push('engine-0/outputs/a folder/file', 'engine-0/outputs/a folder/in a folder/file');
  for (const name of [...kept, ...left]) await writeFile(join(folder, name), '');

  const stop = startEngineSweep({
    folder,
    records,
    log: { warn: (told: unknown) => expect.fail(String(told)) } as never,
    everyMs: 20,
  });
  // A folder may go while it is read.
  const filesNow = () => filesIn(folder).catch(() => []);
  await expect.poll(async () => (await filesNow()).length, FOUND).toBe(kept.length);
  await stop();
  expect((await filesIn(folder)).sort()).toEqual(kept);
});

test('what one engine made impossible to remove is told, and keeps nothing of the others', async () => {
  const stubborn = join('engine-0/outputs', ...Array<string>(80).fill('deeper'));
  for (const name of [stubborn, 'engine-1/inputs']) await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, 'engine-1/inputs/web-unknown.png'), '');
  const told: unknown[] = [];
  const log = { warn: ({ err }: { err: unknown }) => told.push(String(err)) } as never;
  const stop = startEngineSweep({ folder, records: createRecords(redis), log, everyMs: 20 });
  await expect.poll(() => readdir(join(folder, 'engine-1/inputs')), FOUND).toEqual([]);
  await expect.poll(() => told.length, FOUND).toBeGreaterThan(0);
  await stop();
  expect(told[0]).toContain('a depth of 64 at most');
});

async function filesIn(place: string): Promise<string[]> {
  const found = await readdir(place, { recursive: true, withFileTypes: true });
  return found
    .filter((each) => each.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(place.length + 1));
}

const recordOf = (id: string): RenderRecord => ({
  ...{ id, platform: 'web', member: { id: 'ada', name: 'Ada' }, createdAt: Date.now() },
  request: {
    ...{ image: `pictures/${id}.png`, prompt: 'she smiles', negative: '', resolution: '480p', quality: 'fast' },
    ...{ seconds: 1, seed: 1, width: 832, height: 480, frames: 25 },
  },
});
