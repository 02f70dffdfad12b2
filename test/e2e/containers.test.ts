// The whole way with engines in containers: a real Docker engine, real bot and worker processes. .ci/docker-image makes the image.
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDone, openChat } from '../fakes/chat.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { type Role, startRole } from '../fakes/roles.ts';

const IMAGE = 'animate-bot-test-render';
const isHere = spawnSync('docker', ['image', 'inspect', IMAGE]).status === 0;

describe.skipIf(!isHere)('with engines in containers', () => {
  let folder: string;
  let redis: TestRedis;
  let roles: Role[];
  let chat: ReturnType<typeof openChat>;
  let picture: Buffer;

  const start = (role: 'bot' | 'worker') => {
    const started = startRole(role, {
      REDIS_URL: redis.url,
      DATA_FOLDER: join(folder, 'data'),
      ENGINE: 'test_engines.does_as_told:create',
      RUNTIME: 'docker',
      RENDER_IMAGE: IMAGE,
      WEIGHTS: join(folder, 'weights'),
      RENDER_MEMORY_GIBIBYTES: '1',
    });
    roles.push(started);
    return started;
  };

  const containers = async () => {
    const all = await new Docker().listContainers({ all: true });
    return all.filter(({ Mounts }) => Mounts.some(({ Source }) => Source.startsWith(folder)));
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'animate-containers-'));
    redis = await startRedis();
    picture = await drawPicture();
    roles = [];
    const { address } = await start('bot').said('The chat page is ready');
    chat = openChat(String(address));
  });

  afterEach(async () => {
    await Promise.all(roles.map((role) => role.kill('SIGTERM')));
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('a render whose worker is killed goes on in its container, and the next worker delivers it once', async () => {
    // The container sees it in the folder that it reads pictures from.
    const inputs = join(folder, 'data', 'engines', 'worker', 'engine-0', 'inputs');
    await mkdir(inputs, { recursive: true, mode: 0o700 });
    const worker = start('worker');
    await worker.said('Engine ready');
    const renderId = await chat.animate('hold /workspace/inputs/gate seconds:1', picture);
    await chat.until(renderId, ({ view }) => view.headline.startsWith('Drawing'));
    const [before] = await containers();
    await worker.kill('SIGKILL');
    const next = start('worker');
    expect(await next.said('Engine ready')).toMatchObject({ renderId });
    const [after] = await containers();
    expect(after?.Id).toBe(before?.Id);
    await writeFile(join(inputs, 'gate'), '');
    await chat.until(renderId, isDone);
    expect((await chat.replies()).filter(({ clip }) => clip !== undefined)).toHaveLength(1);
  });

  it('a container that is killed is told in the log with its last lines, and another takes its place', async () => {
    const worker = start('worker');
    await worker.said('Engine ready');
    const [container] = await containers();
    await new Docker().getContainer(container?.Id ?? '').kill();
    const told = await worker.said(
      'The render server was killed (SIGKILL), most likely because the machine ran out of memory.',
    );
    expect(told.lastLines).toContain('render');
    await chat.until(await chat.animate('go seconds:1', picture), isDone);
    const [next] = await containers();
    expect(next?.Id).not.toBe(container?.Id);
  });

  it('an engine that dies is replaced by a fresh container, and a worker that stops leaves none behind', async () => {
    const worker = start('worker');
    const renderId = await chat.animate('die once /workspace/outputs/died seconds:1', picture);
    await chat.until(renderId, isDone);
    expect(await containers()).toHaveLength(1);
    await worker.kill('SIGTERM');
    expect(await containers()).toEqual([]);
  });
});
