// Programs that look at strangers' bytes, taken over: what is there to be had, and what they get of it.
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { createClipTools } from '../../src/media/clip-tools.ts';
import { createSandbox, type SandboxKind } from '../../src/media/sandbox.ts';
import { runShortProcess } from '../../src/media/short-process.ts';
import { leftAfter, root, run } from '../fakes/roles.ts';

const SPY = fileURLToPath(new URL('../media/decoders/spies.mjs', import.meta.url));
const WRITTEN = fileURLToPath(new URL('../media/decoders/written', import.meta.url));
const TAKEOVERS = fileURLToPath(new URL('takeovers.mjs', import.meta.url));
const PYTHON = join(root, '.venv', 'bin', 'python');
const CANARY = 'canary-of-the-sandbox';

interface Got {
  kind: SandboxKind;
  decoder: { got: string[]; files: string[] };
  clipTool: string[];
  doesClassifierGetNothing: boolean;
}

afterEach(() => rm(WRITTEN, { force: true }));

/** A process like a bot: with tokens in its environment, files and sockets of its own. */
async function takenOver(kind: SandboxKind): Promise<Got> {
  const TAKEN_OVER = join(root, 'python', 'test_engines', 'taken_over.py');
  const env = { APP: root, PYTHON, SPY, TAKEN_OVER, DISCORD_TOKEN: CANARY };
  const { code, stdout, stderr } = await run(process.execPath, [TAKEOVERS, kind], { env });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as Got;
}

test('a decoder, a clip tool and a classifier that are taken over in bubblewrap get nothing of ours', async () => {
  expect(await takenOver('bubblewrap')).toEqual({
    kind: 'bubblewrap',
    decoder: { got: [], files: [join(root, 'package.json')] },
    clipTool: [],
    doesClassifierGetNothing: true,
  });
});

test('without bubblewrap Landlock and seccomp leave them nothing either', async () => {
  const { decoder, ...rest } = await takenOver('landlock');
  expect(decoder.got).toEqual([]);
  expect(rest).toEqual({ kind: 'landlock', clipTool: [], doesClassifierGetNothing: true });
});

test('where there is unshare alone they see no environment, no process and no network', async () => {
  const { decoder, clipTool } = await takenOver('namespaces');
  for (const got of [decoder.got, clipTool]) {
    expect(got).not.toEqual(expect.arrayContaining(['reads environments']));
    expect(got).not.toEqual(expect.arrayContaining(['signals']));
    expect(got).not.toEqual(expect.arrayContaining(['connects to a port']));
  }
});

test('where there is seccomp alone they reach no socket and no process, and read all that our user can', async () => {
  const { decoder, clipTool } = await takenOver('seccomp');
  const files = ['reads environments', 'reads the secret', 'lists its folder', 'makes a file', 'opens its memory'];
  const changes = ['writes to the secret', 'makes a link', 'removes a file', 'moves a file'];
  expect(decoder.got.filter((name) => !files.includes(name))).toEqual([]);
  expect(clipTool.filter((name) => ![...files, ...changes].includes(name))).toEqual([]);
});

test('without a sandbox they get all of it, so that the tests before can fail', async () => {
  const { decoder, clipTool, doesClassifierGetNothing } = await takenOver('none');
  expect(decoder.got).toHaveLength(12);
  expect(clipTool.length).toBeGreaterThanOrEqual(16);
  expect(doesClassifierGetNothing).toBe(false);
});

describe.each(['bubblewrap', 'landlock'] as const)('in %s', (kind) => {
  const sandbox = createSandbox({ offered: [kind] });
  const runScript = (script: string, maxMemoryBytes = 2 ** 30) =>
    runShortProcess({
      ...{ program: '/usr/bin/python3', args: ['-c', script], folder: join(root, 'python') },
      ...{ input: Buffer.alloc(0), withinMs: 60_000, maxMemoryBytes, sandbox },
    });

  test('a program sees its own folder, and writes to its scratch alone', async () => {
    const script = `
import os, tempfile
def can(act):
    try: return act() is None
    except OSError: return False
open(os.path.join(tempfile.gettempdir(), 'x'), 'w').write('y')
print(os.path.exists('render_server'), can(lambda: open('written', 'w').close()), can(lambda: os.mkdir('/tmp/x')))`;
    const { output, complaint } = await runScript(script);
    expect(`${output}${complaint}`).toBe(kind === 'bubblewrap' ? 'True False True\n' : 'True False False\n');
  });

  test.each([
    ['memory', 'x = [bytearray(2**24) for _ in range(100)]', 2 ** 28],
    [
      'threads',
      'import threading\nthreading.stack_size(65536)\nfor _ in range(10000): threading.Thread(target=time.sleep, args=(60,)).start()',
      2 ** 30,
    ],
  ])('a bomb of %s is ended, whoever of the family holds it', async (_what, bomb, maxMemoryBytes) => {
    const ended = await runScript(`import time\n${bomb}\ntime.sleep(60)`, maxMemoryBytes);
    expect(ended.how).toBe('SIGKILL');
  });

  test('a bomb of processes does not begin', async () => {
    const mark = `mark-of-a-bomb-${process.pid}-${kind}`;
    const { how, output } = await runScript(`
import os, time
try:
    while True: os.fork()
except OSError as error:
    print('${mark}', error.errno, flush=True)
`);
    expect(`${how} ${output}`).toBe(`exit code 0 ${mark} 1\n`);
    expect(await leftAfter(mark, 10_000)).toEqual([]);
  });

  test('a program changes the priority of itself alone, not of its group or of all that its user has', async () => {
    const { output, complaint } = await runScript(`
import os
def told(which, who):
    try: os.setpriority(which, who, 19)
    except OSError as error: return error.errno
for which in os.PRIO_PGRP, os.PRIO_USER, os.PRIO_PROCESS: print(told(which, 0), told(which, os.getpid()))`);
    expect(`${output}${complaint}`).toBe('1 1\n1 1\nNone 1\n');
  });

  test('the tools for clips work, all three', async () => {
    const tools = createClipTools(
      () => PYTHON,
      join(root, 'python'),
      sandbox,
      async (clip) => ({ clip }),
    );
    const clip = execFileSync('cat', [fileURLToPath(new URL('../fixtures/clip.mp4', import.meta.url))]);
    expect((await tools.lastFrame(clip)).subarray(1, 4).toString()).toBe('PNG');
    expect(await tools.sample(clip)).toHaveLength(6);
    expect((await tools.shrink(clip, clip.length))?.length).toBeLessThanOrEqual(clip.length);
  });
});
