// `animate-bot models pull`: weights come whole, or it is said what is missing and how to go on.
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { containersOf, isDockerHere, RENDER_IMAGE } from '../fakes/docker.ts';
import { type Hub, startHub } from '../fakes/hub.ts';
import { main, run } from '../fakes/roles.ts';

let folder: string;
let hub: Hub;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-models-'));
  hub = await startHub();
});

afterEach(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const pull = (environment: Record<string, string> = {}) =>
  run(process.execPath, [main, 'models', 'pull'], {
    cwd: folder,
    env: {
      ENGINE: 'diffusers',
      MODEL: 'tests/small',
      HF_HOME: join(folder, 'cache'),
      HF_ENDPOINT: `http://127.0.0.1:${hub.port}`,
      HF_HUB_DISABLE_XET: '1',
      ...environment,
    },
  });

test('weights are fetched whole, and once', async () => {
  const { code, stdout } = await pull();
  expect(stdout).toMatch(/^Fetching tests\/small: 3 files, 0\.0 GB, into .*\n(.*\n)*✓ tests\/small is whole: /);
  expect(code).toBe(0);
  const asked = hub.downloads;
  expect(await pull()).toMatchObject({ code: 0 });
  expect(hub.downloads).toBe(asked);
});

test('what a killed pull left half done is removed once it is old', async () => {
  const blobs = join(folder, 'cache', 'hub', 'models--tests--small', 'blobs');
  await mkdir(blobs, { recursive: true });
  for (const name of ['old', 'young']) await writeFile(join(blobs, `${name}.incomplete`), 'half');
  await utimes(join(blobs, 'old.incomplete'), 0, 0);
  expect((await pull()).code).toBe(0);
  expect((await readdir(blobs)).filter((name) => name.endsWith('.incomplete'))).toEqual(['young.incomplete']);
});

test('a connection that is cut goes on where it was', async () => {
  hub.cut = 'vae/diffusion_pytorch_model.safetensors';
  expect((await pull()).stdout).toMatch(/✓ tests\/small is whole/);
  expect(hub.ranges).toEqual([expect.stringMatching(/^bytes=\d{6,}-/)]);
});

test('a file of another size than the hub tells is refused', async () => {
  hub.misstated = 'vae/config.json';
  const { code, stderr } = await pull();
  expect(stderr).toMatch(/^Expected vae\/config\.json to have 3 bytes, found 2 in .*Remove it/);
  expect(code).toBe(1);
});

test('a model that lacks a part of itself is told with the part', async () => {
  hub.files.delete('vae/diffusion_pytorch_model.safetensors');
  const { code, stderr } = await pull();
  expect(stderr).toMatch(/^tests\/small is not whole: vae\/\*\.safetensors is missing in /);
  expect(code).toBe(1);
});

test('a hub that cannot be reached, and a model that is not there, are told in a sentence', async () => {
  const away = await pull({ HF_ENDPOINT: 'http://127.0.0.1:1' });
  expect(away).toMatchObject({ code: 1, stderr: expect.stringMatching(/^tests\/small could not be fetched: .*\n$/) });
  const missing = await pull({ MODEL: 'tests/none' });
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^tests\/none could not be fetched: .*\n$/) });
});

test.skipIf(!isDockerHere)('where renders run in containers, one of the same image fetches', async () => {
  // The tests' image has no client for a hub in it, which is what its program then says.
  expect(await pull({ RUNTIME: 'docker', RENDER_IMAGE, WEIGHTS: join(folder, 'weights') })).toEqual({
    code: 1,
    stdout: expect.stringMatching(/^Expected huggingface_hub in \/opt\/venv\/bin\/python\d?, found none: install/),
    stderr: '',
  });
  expect(await containersOf(folder)).toEqual([]);
});

test('an engine without weights has none to fetch', async () => {
  expect(await pull({ ENGINE: 'preview', MODEL: '' })).toEqual({
    code: 2,
    stdout: '',
    stderr: 'Expected an ENGINE with weights, such as fastvideo, got preview, which has none.\n',
  });
});
