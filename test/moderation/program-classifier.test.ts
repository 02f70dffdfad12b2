// What looks at pictures is a process that may hang, grow, crash or babble: then nothing is let through.
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createProgramClassifier } from '../../src/moderation/program-classifier.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'classifier-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function programThat(script: string, limits: { timeoutMs?: number; maxMemoryBytes?: number } = {}) {
  const program = join(folder, 'program');
  await writeFile(program, `#!/usr/bin/env node\n${script}`);
  await chmod(program, 0o755);
  return createProgramClassifier({ command: () => ({ program: process.execPath, args: [program] }), ...limits });
}

const nsfw = (percent: number) =>
  createProgramClassifier({
    command: () => ({
      program: join(root, '.venv', 'bin', 'python'),
      args: ['-m', 'render_server.picture_classifier', String(percent)],
      folder: join(root, 'python'),
    }),
  });

const plate = (background: string) =>
  sharp({ create: { width: 256, height: 256, channels: 3, background } })
    .png()
    .toBuffer();

test('the answer of a program counts, and it gets the pictures and nothing of our environment', async () => {
  process.env.CANARY_OF_TESTS = 'a-secret';
  const seen = join(folder, 'seen');
  const classifier = await programThat(`
    const fs = require('node:fs');
    const bytes = fs.readFileSync(0);
    fs.writeFileSync(${JSON.stringify(seen)}, JSON.stringify({ bytes: bytes.toString('hex'), env: process.env }));
    console.log(JSON.stringify({ allowed: !bytes.includes('bad') }));`);
  expect(await classifier.allows([Buffer.from('ok'), Buffer.from('fine')])).toBe(true);
  const told = await readFile(seen, 'utf8');
  expect(told).toContain(Buffer.from('\0\0\0\x02ok\0\0\0\x04fine').toString('hex'));
  expect(told).not.toContain('a-secret');
  expect(await classifier.allows([Buffer.from('a bad one')])).toBe(false);
  delete process.env.CANARY_OF_TESTS;
});

test.each<[string, string, { timeoutMs?: number; maxMemoryBytes?: number }]>([
  ['crashes', 'console.error("it broke"); process.exit(3)', {}],
  ['says nothing', '', {}],
  ['says what nobody understands', 'console.log("maybe")', {}],
  ['says yes and then fails', 'console.log(JSON.stringify({ allowed: true })); process.exitCode = 1', {}],
  ['hangs', 'setInterval(() => {}, 1000)', { timeoutMs: 300 }],
  [
    'grows',
    'const kept = []; setInterval(() => kept.push(Buffer.alloc(2 ** 24, 1)), 5)',
    { maxMemoryBytes: 200 * 2 ** 20, timeoutMs: 30_000 },
  ],
])('one that %s lets nothing through', async (_how, script, limits) => {
  const classifier = await programThat(script, limits);
  await expect(classifier.allows([Buffer.from('a picture')])).rejects.toMatchObject({ code: 'classifier_unavailable' });
});

test('one that is not there lets nothing through', async () => {
  const classifier = createProgramClassifier({ command: () => ({ program: join(folder, 'none'), args: [] }) });
  await expect(classifier.allows([])).rejects.toMatchObject({ code: 'classifier_unavailable' });
});

test('after one that failed the next is asked all the same', async () => {
  const classifier = await programThat(`
    const bytes = require('node:fs').readFileSync(0);
    if (bytes.includes('crash')) process.exit(1);
    console.log(JSON.stringify({ allowed: true }));`);
  const answers = await Promise.allSettled(['crash', 'fine'].map((word) => classifier.allows([Buffer.from(word)])));
  expect(answers.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
});

test('the local model comes with its package, knows a photograph and a field of grass, and is as strict as it is told', async () => {
  const portrait = await sharp(join(root, 'test/fixtures/astronaut.jpg')).png().toBuffer();
  const [grass, skin] = [await plate('#145014'), await plate('#e6b496')];
  expect(await nsfw(80).allows([])).toBe(true);
  expect(await nsfw(80).allows([portrait, grass, skin])).toBe(true);
  // It takes a plate of that colour for skin with about a quarter of its certainty, and the worst of several counts.
  expect(await nsfw(10).allows([grass])).toBe(true);
  expect(await nsfw(10).allows([grass, skin])).toBe(false);
});

test('what is no picture lets nothing through', async () => {
  await expect(nsfw(80).allows([Buffer.from('no picture')])).rejects.toMatchObject({ code: 'classifier_unavailable' });
});
