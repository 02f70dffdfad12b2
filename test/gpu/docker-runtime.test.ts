// The Runtime of containers, on a real Docker engine: what every runtime promises, and what only containers have.
// The image is made by .ci/docker-image.
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createEngineClient } from '../../src/gpu/client.ts';
import { containerUser } from '../../src/gpu/docker.ts';
import { isDockerHere } from '../fakes/docker.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { testRuntime } from './runtime-contract.ts';
import { createTested } from './tested-docker.ts';

const never = new AbortController().signal;
const slot = { index: 0 };

describe.skipIf(!isDockerHere)('on a Docker engine', () => {
  testRuntime('the runtime of containers', createTested);

  it('shuts a render server in: no network, no privileges, nothing to write to but its outputs', async () => {
    await using tested = await createTested('answers');
    const engine = await tested.runtime.start(slot, never);
    await writeFile(join(engine.inputsFolder, 'a.png'), 'a picture');
    const run = async (script: string) => {
      const container = await tested.container();
      const exec = await container.exec({ Cmd: ['python', '-c', script], AttachStdout: true, AttachStderr: true });
      const stream = await exec.start({});
      let said = '';
      for await (const piece of stream) said += String(piece);
      return { said, code: (await exec.inspect()).ExitCode };
    };
    expect((await run("print(open('/workspace/inputs/a.png').read())")).said).toContain('a picture');
    expect((await run('import socket; print([name for _, name in socket.if_nameindex()])')).said).toContain("['lo']");
    // Seen from the host: a rootless engine's containers call their ordinary user root.
    const { State } = await (await tested.container()).inspect();
    expect(await readFile(`/proc/${State.Pid}/status`, 'utf8')).toMatch(/^Uid:\s+[1-9]/m);
    expect((await run("print(open('/proc/self/status').read())")).said).toMatch(/CapEff:\s+0+\n.*NoNewPrivs:\s+1/s);
    expect(await run("open('/workspace/outputs/b.mp4', 'w')")).toMatchObject({ code: 0 });
    for (const place of ['/workspace/inputs/a.png', '/workspace/new', '/weights/new', '/etc/new', '/opt/venv/new']) {
      expect(await run(`open('${place}', 'w')`)).toMatchObject({ code: 1, said: expect.stringContaining('Error') });
    }
    const { HostConfig: host } = await (await tested.container()).inspect();
    expect(host).toMatchObject({ Memory: 2 ** 30, RestartPolicy: { Name: 'no' }, PidsLimit: expect.any(Number) });
  });

  it('makes a clip in a container, whole, where the worker finds it', async () => {
    await using tested = await createTested('answers');
    const engine = await tested.runtime.start(slot, never);
    await writeFile(join(engine.inputsFolder, 'a.png'), await drawPicture());
    const client = createEngineClient(engine.socketPath);
    while ((await client.health(never)).state !== 'ready') await sleep(50);
    const body = { image: 'a.png', prompt: 'pan left', negative: '', width: 64, height: 64, frames: 5, seed: 1 };
    const events = [];
    for await (const event of client.render('a', body, never)) events.push(event);
    await client.close();
    expect(events.at(-1)).toMatchObject({ stage: 'done', result: { width: 64, frames: 5 } });
    expect((await stat(join(engine.outputsFolder, 'a.mp4'))).size).toBeGreaterThan(0);
  });

  it('passes nothing of the worker’s environment on', async () => {
    process.env.DISCORD_TOKEN = 'a-secret';
    try {
      await using tested = await createTested('tells');
      await tested.runtime.start(slot, never);
      const { Config } = await (await tested.container()).inspect();
      expect(JSON.stringify(Config)).not.toContain('a-secret');
    } finally {
      delete process.env.DISCORD_TOKEN;
    }
  });

  it('says which image is missing and how to build it', async () => {
    await using tested = await createTested('answers', { image: 'no-such-image' });
    await expect(tested.runtime.start(slot, never)).rejects.toMatchObject({
      code: 'setup_missing',
      message: expect.stringMatching(/no-such-image is not on this Docker engine.*docker build/),
    });
  });

  it('says that a container ran out of memory when that is why it ended', async () => {
    await using tested = await createTested('answers', { memoryBytes: 12 * 2 ** 20 });
    await expect(tested.runtime.start(slot, never)).rejects.toMatchObject({
      code: 'engine_exited',
      message: expect.stringMatching(/memory/),
    });
  });

  it('gives a container the slot’s own GPU and no other', async () => {
    await using tested = await createTested('tells');
    const engine = await tested.runtime.start({ index: 0, gpu: { index: 1, id: 'GPU-1111' } }, never);
    const client = createEngineClient(engine.socketPath);
    try {
      await expect
        .poll(async () => (await client.health(never)).model)
        .toContain('"NVIDIA_VISIBLE_DEVICES": "GPU-1111"');
    } finally {
      await client.close();
    }
  });

  it('shares the host’s memory with a render server only where it is launched so', async () => {
    await using tested = await createTested('answers');
    const ipcMode = async () => (await (await tested.container()).inspect()).HostConfig.IpcMode;
    await tested.runtime.start(slot, never);
    expect(await ipcMode()).toBe('private');
    await tested.runtime.start(slot, never, { hostIpc: true });
    expect(await ipcMode()).toBe('host');
  });

  it('goes by another identity once the image is another', async () => {
    await using tested = await createTested('answers');
    await using other = await createTested('answers', { image: 'animate-bot-test-base' });
    expect(await tested.runtime.identity()).toMatch(/^sha256:/);
    expect(await other.runtime.identity()).not.toBe(await tested.runtime.identity());
  });

  it('leaves the containers of other owners alone', async () => {
    await using tested = await createTested('answers');
    await using other = await createTested('answers');
    await tested.runtime.start(slot, never);
    await other.runtime.sweep([]);
    expect(await tested.running()).toHaveLength(1);
    expect(await other.runtime.attach(slot, never)).toBeUndefined();
  });
});

it('is the worker’s own user in a container, which a rootless engine calls root', async () => {
  const engineThatSays = (SecurityOptions: string[], more = {}) => ({
    info: async () => ({ SecurityOptions, ...more }),
  });
  expect(await containerUser(engineThatSays(['name=seccomp,profile=default', 'name=rootless']))).toEqual({
    user: 0,
    group: 0,
  });
  // Podman has a word of its own for it.
  const podman = engineThatSays(['name=seccomp,profile=default'], { Rootless: true });
  expect(await containerUser(podman)).toEqual({ user: 0, group: 0 });
  const { user } = await containerUser(engineThatSays(['name=seccomp,profile=default'], { Rootless: false }));
  expect(user).not.toBe(0);
});
