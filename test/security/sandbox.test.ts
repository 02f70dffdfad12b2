// Programs that look at strangers' bytes, taken over: what is there to be read, and what they see of it.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClipTools } from '../../src/media/clip-tools.ts';
import { startDecoder } from '../../src/media/decoder-process.ts';
import { createSandbox, type SandboxKind } from '../../src/media/sandbox.ts';
import { runShortProcess } from '../../src/media/short-process.ts';
import { root } from '../fakes/roles.ts';

const SPY = fileURLToPath(new URL('../media/decoders/spies.mjs', import.meta.url));
const CANARY = 'canary-of-the-sandbox';

let folder: string;
let network: Server;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  await writeFile(join(folder, '.env'), `DISCORD_TOKEN=${CANARY}`);
  network = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(network, 'listening');
});
afterEach(async () => {
  network.close();
  await rm(folder, { recursive: true });
});

interface Seen {
  environments: string[];
  files: string[];
  writes: boolean;
  isConnected: boolean;
}

/** What a decoder sees that this one starts. Its own environment has the canary, as a bot's has its tokens. */
async function seenBy(kind: SandboxKind): Promise<Seen> {
  const files = [join(folder, '.env'), join(root, 'package.json'), join(root, 'README.md'), homedir(), '/etc/passwd'];
  const asked = Buffer.from(JSON.stringify({ files, port: (network.address() as AddressInfo).port }));
  const sandbox = createSandbox([kind]);
  const decoder = await startDecoder({ path: SPY, startTimeoutMs: 60_000, maxMemoryBytes: 2 ** 30, sandbox });
  const answer = await decoder.ask({ type: 'open', name: 'PNG', bytes: asked }, new AbortController().signal);
  await decoder.kill();
  if (answer.type !== 'refused') throw new Error(`Expected what it sees, got ${JSON.stringify(answer)}`);
  return JSON.parse(answer.detail) as Seen;
}

test('a decoder that is taken over sees no environment but its own, no network and no file but its code', async () => {
  const seen = await seenBy('bubblewrap');
  expect(seen.environments.length).toBeGreaterThan(0);
  expect(seen.environments.join()).not.toContain('HOME=');
  expect(seen).toMatchObject({ files: [join(root, 'package.json')], writes: false, isConnected: false });
});

test('where there is unshare alone it sees no environment and no network', async () => {
  const seen = await seenBy('namespaces');
  expect(seen.environments.join()).not.toContain('HOME=');
  expect(seen).toMatchObject({ isConnected: false });
  await rm(fileURLToPath(new URL('../media/decoders/written', import.meta.url)), { force: true });
});

test('without a sandbox it would see all of this, so that the two tests before can fail', async () => {
  const seen = await seenBy('none');
  expect(seen.environments.join()).toContain('HOME=');
  expect(seen).toMatchObject({ isConnected: true, files: expect.arrayContaining([join(folder, '.env')]) });
  await rm(fileURLToPath(new URL('../media/decoders/written', import.meta.url)), { force: true });
});

test('a program for clips sees no more, and its memory is watched though it is a grandchild', async () => {
  const sandbox = createSandbox(['bubblewrap']);
  const run = (script: string, maxMemoryBytes = 2 ** 30) =>
    runShortProcess({
      ...{ program: '/usr/bin/python3', args: ['-c', script], folder: join(root, 'python') },
      ...{ input: Buffer.alloc(0), withinMs: 60_000, maxMemoryBytes, sandbox },
    });
  const script = `import os; print([os.path.exists(p) for p in (${JSON.stringify(join(folder, '.env'))}, 'render_server')], len(os.listdir('/sys/class/net') if os.path.exists('/sys') else []))`;
  expect((await run(script)).output.toString()).toBe('[False, True] 0\n');
  const grown = await run('x = [bytearray(2**24) for _ in range(100)]; import time; time.sleep(60)', 2 ** 28);
  expect(grown.how).toBe('SIGKILL');
});

test('the tools for clips work in it', async () => {
  const python = () => join(root, '.venv', 'bin', 'python');
  const tools = createClipTools(python, join(root, 'python'), createSandbox(), async (clip) => ({ clip }));
  const clip = execFileSync('cat', [fileURLToPath(new URL('../fixtures/clip.mp4', import.meta.url))]);
  expect((await tools.lastFrame(clip)).subarray(1, 4).toString()).toBe('PNG');
  expect(await tools.sample(clip)).toHaveLength(6);
});
