// The worker image as a rented machine runs it: one `docker run`, a Redis and a bucket somewhere else, no folder shared.
// .ci/docker-image builds it from docker/worker.Dockerfile.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDone, openChat } from '../fakes/chat.ts';
import { docker, isDockerHere, WORKER_IMAGE } from '../fakes/docker.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startDurableRedis } from '../fakes/redis.ts';
import { linkOf, type Role, startRole } from '../fakes/roles.ts';
import { startS3, type TestBucket } from '../fakes/s3.ts';

const testEngines = fileURLToPath(new URL('../../python/test_engines', import.meta.url));
const GATE = '/tmp/gate';

describe.skipIf(!isDockerHere)('the worker image', () => {
  let folder: string;
  let redis: Awaited<ReturnType<typeof startDurableRedis>>;
  let bucket: TestBucket;
  let bot: Role;
  let worker: Docker.Container;
  let chat: ReturnType<typeof openChat>;
  let picture: Buffer;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'animate-worker-image-'));
    redis = await startDurableRedis();
    bucket = await startS3();
    picture = await drawPicture();
    const environment = {
      REDIS_URL: redis.url,
      S3_ENDPOINT: bucket.endpoint,
      S3_BUCKET: bucket.bucket,
      S3_ACCESS_KEY_ID: bucket.accessKeyId,
      S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
    };
    bot = startRole('bot', { ...environment, DATA_FOLDER: join(folder, 'data') });
    chat = openChat(await linkOf(bot));
    worker = await docker.createContainer({
      Image: WORKER_IMAGE,
      Env: Object.entries({ ...environment, ENGINE: 'test_engines.does_as_told:create', RENDER_SLOTS: '1' }).map(
        ([name, value]) => `${name}=${value}`,
      ),
      // Redis and the bucket are on this machine's own loopback. Everything else is as the image has it.
      HostConfig: { NetworkMode: 'host', CapDrop: ['ALL'], Binds: [`${testEngines}:/app/python/test_engines:ro`] },
    });
    await worker.start();
  });

  afterEach(async () => {
    await worker.remove({ force: true });
    await bot.kill('SIGTERM');
    await redis.stop();
    await bucket[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  const runInside = async (...Cmd: string[]) => {
    const exec = await worker.exec({ Cmd, AttachStdout: true, AttachStderr: true });
    let said = '';
    for await (const piece of await exec.start({})) said += String(piece);
    return { said, code: (await exec.inspect()).ExitCode };
  };
  const probe = (...args: string[]) => runInside('node', '/app/dist/main.js', 'probe', ...args);

  it('joins the pool, renders, and says to a health probe how it is', async () => {
    await expect.poll(() => probe(), { timeout: 30_000, interval: 500 }).toMatchObject({ code: 0 });
    expect((await chat.until(await chat.animate('go seconds:1', picture), isDone)).clip).toBeDefined();
    expect((await runInside('id', '-u')).said).toMatch(/1000/);
    await redis.halt();
    expect(await probe('--alive')).toMatchObject({ code: 1, said: expect.stringContaining('Redis does not answer.') });
    await redis.resume();
  });

  it('finishes the render under way when the machine is taken away with notice, and leaves', async () => {
    const renderId = await chat.animate(`hold ${GATE} seconds:1`, picture);
    await chat.until(renderId, ({ view }) => view.headline.startsWith('Drawing'));
    const stopped = worker.stop({ t: 60 });
    const ended = worker.wait();
    await runInside('touch', GATE);
    await stopped;
    expect(await ended).toMatchObject({ StatusCode: 0 });
    await chat.until(renderId, isDone);
  });
});
