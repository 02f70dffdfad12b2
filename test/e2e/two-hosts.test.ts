// A bot and a worker on two machines that share nothing but Redis and a bucket: no folder of one is known to the other.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isDone, openChat } from '../fakes/chat.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startRedis } from '../fakes/redis.ts';
import { linkOf, startRole } from '../fakes/roles.ts';
import { startS3 } from '../fakes/s3.ts';

test('a picture and its clip go from one machine to the other through a bucket, and are gone from it when deleted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'animate-two-hosts-'));
  await using bucket = await startS3();
  const redis = await startRedis();
  const environment = {
    REDIS_URL: redis.url,
    ENGINE: 'test_engines.does_as_told:create',
    S3_ENDPOINT: bucket.endpoint,
    S3_BUCKET: bucket.bucket,
    S3_ACCESS_KEY_ID: bucket.accessKeyId,
    S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
  };
  const bot = startRole('bot', { ...environment, DATA_FOLDER: join(folder, 'one') });
  const worker = startRole('worker', { ...environment, DATA_FOLDER: join(folder, 'two') });
  try {
    const chat = openChat(await linkOf(bot));
    const renderId = await chat.animate('go seconds:1', await drawPicture());
    const { clip } = await chat.until(renderId, isDone);
    const bytes = async (range?: string) => {
      const answer = await chat.ask(clip?.url ?? '', range ? { headers: { range } } : {});
      return { status: answer.status, bytes: Buffer.from(await answer.arrayBuffer()) };
    };
    const whole = await bytes();
    expect(whole.bytes.subarray(4, 8).toString()).toBe('ftyp');
    expect(await bytes('bytes=4-7')).toEqual({ status: 206, bytes: whole.bytes.subarray(4, 8) });
    await chat.press(renderId, 'delete');
    await expect.poll(async () => (await bytes()).status).toBe(404);
    const logged = JSON.stringify([...bot.lines, ...worker.lines]);
    expect(logged).not.toContain(bucket.secretAccessKey);
  } finally {
    await Promise.all([bot, worker].map((role) => role.kill('SIGTERM')));
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  }
});
