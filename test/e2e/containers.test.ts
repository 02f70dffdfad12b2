// The whole way with engines in containers: a real Docker engine, real bot and worker processes. .ci/docker-image makes the image.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isDone, openChat } from '../fakes/chat.ts';
import { containersOf, docker, isDockerHere, RENDER_IMAGE } from '../fakes/docker.ts';
import { installCards } from '../fakes/gpus.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { linkOf, type Role, startRole } from '../fakes/roles.ts';

describe.skipIf(!isDockerHere)('with engines in containers', () => {
  let folder: string;
  let redis: TestRedis;
  let roles: Role[];
  let chat: ReturnType<typeof openChat>;
  let picture: Buffer;

  const start = (role: 'bot' | 'worker', environment: Record<string, string> = {}) => {
    const started = startRole(role, {
      REDIS_URL: redis.url,
      DATA_FOLDER: join(folder, 'data'),
      ENGINE: 'test_engines.does_as_told:create',
      RUNTIME: 'docker',
      RENDER_IMAGE,
      WEIGHTS: join(folder, 'weights'),
      RENDER_MEMORY_GIBIBYTES: '1',
      ...environment,
    });
    roles.push(started);
    return started;
  };

  const containers = () => containersOf(folder);
  /** What containers see as /workspace/inputs; made before the worker does, to put files there. */
  const openInputs = async (slot: number) => {
    const inputs = join(folder, 'data', 'engines', 'worker', `engine-${slot}`, 'inputs');
    await mkdir(inputs, { recursive: true, mode: 0o700 });
    return inputs;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'animate-containers-'));
    redis = await startRedis();
    picture = await drawPicture();
    roles = [];
    chat = openChat(await linkOf(start('bot')));
  });

  afterEach(async () => {
    await Promise.all(roles.map((role) => role.kill('SIGTERM')));
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('a render whose worker is killed goes on in its container, and the next worker delivers it once', async () => {
    const inputs = await openInputs(0);
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
    await docker.getContainer(container?.Id ?? '').kill();
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

  it('that exit while they load are tried again, with the reason in the log, and the render waits in line', async () => {
    const worker = start('worker', { ENGINE: 'test_engines.exits_in_load:create' });
    const renderId = await chat.animate('go seconds:1', picture);
    const { err } = await worker.said('The engine did not start');
    expect(err).toMatchObject({ message: 'The engine stopped with exit code 7 while it loaded.' });
    await chat.until(renderId, ({ view }) => view.detail.startsWith('The engine is still loading'));
    await worker.kill('SIGTERM');
    start('worker');
    await chat.until(renderId, isDone);
  });

  it('that are never ready are replaced after the time they have', async () => {
    const worker = start('worker', { ENGINE: 'test_engines.never_loads:create', ENGINE_START_SECONDS: '2' });
    const first = worker.said('The engine did not start');
    expect((await first).err).toMatchObject({
      message: expect.stringMatching(/^The engine was not ready after 2 s\./),
    });
    await worker.said('The engine did not start', (line) => line !== worker.lines.find(({ err }) => err));
    expect(await containers()).toHaveLength(1);
  });

  it('that hang in the middle of a render are replaced, and the member gets an apology after three', async () => {
    const worker = start('worker', { ENGINE_SILENCE_SECONDS: '2' });
    const renderId = await chat.animate('go silent seconds:1', picture);
    const { view } = await chat.until(renderId, ({ view: { kind } }) => kind === 'failed');
    expect(view.detail).toMatch(/^The render engine reported nothing for 2 s\./);
    expect(worker.lines.filter(({ msg }) => msg === 'The render failed')).toHaveLength(3);
    await chat.until(await chat.animate('go seconds:1', picture), isDone);
  });

  it('that eat memory are killed by their own limit, which the member is told, and the next render works', async () => {
    start('worker');
    const renderId = await chat.animate('eat memory seconds:1', picture);
    const { view } = await chat.until(renderId, ({ view: { kind } }) => kind === 'failed');
    expect(view.detail).toMatch(/memory/);
    await chat.until(await chat.animate('go seconds:1', picture), isDone);
  });

  it('that have no ear for SIGTERM are gone when their worker has stopped', async () => {
    const worker = start('worker', { ENGINE: 'test_engines.ignores_term:create' });
    await worker.said('Engine ready');
    await worker.kill('SIGTERM');
    expect(await containers()).toEqual([]);
  });

  it('that lose their GPU are replaced while they idle, never during a render', async () => {
    const inputs = await Promise.all([0, 1].map(openInputs));
    const PATH = await installCards(join(folder, 'cards'), [
      { id: 'GPU-0', name: 'A card', mebibytes: 24_564 },
      { id: 'GPU-1', name: 'A card', mebibytes: 24_564 },
    ]);
    const worker = start('worker', { GPUS: 'all', PATH });
    await worker.said('Engine ready', ({ slot }) => slot === 0);
    await worker.said('Engine ready', ({ slot }) => slot === 1);
    const renderId = await chat.animate('hold /workspace/inputs/gate seconds:1', picture);
    await chat.until(renderId, ({ view }) => view.headline.startsWith('Drawing'));
    for (const folder of inputs) await writeFile(join(folder, 'gpu-is-lost'), '');
    // The one that idles is asked, and replaced; by then the one that renders would have been, too.
    const { reason, slot: idle } = await worker.said('Replacing the engine');
    expect(reason).toBe('The GPU is gone: Failed to initialize NVML: Unknown Error.');
    for (const folder of inputs) await writeFile(join(folder, 'gate'), '');
    const { facts } = (await chat.until(renderId, isDone)).view;
    expect(JSON.stringify(facts)).toContain(`GPU-${1 - Number(idle)}`);
    await worker.said('Replacing the engine', ({ slot }) => slot !== idle);
    for (const folder of inputs) await rm(join(folder, 'gpu-is-lost'));
    await chat.until(await chat.animate('go seconds:1', picture), isDone);
    expect(worker.lines.filter(({ msg }) => msg === 'The render failed')).toEqual([]);
  });
});
