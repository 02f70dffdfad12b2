// The intake against decoders that misbehave, each a real process: the answer is one sentence, and the next picture works.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { OperationError, UserError, type UserErrorCode } from '../../src/errors.ts';
import { startDecoder } from '../../src/media/decoder-process.ts';
import { createIntake, type Intake, type IntakeOptions } from '../../src/media/intake.ts';
import { createSandbox } from '../../src/media/sandbox.ts';
import { childrenOf, isAlive, untilGone } from '../fakes/processes.ts';
import { builtDecoder, builtModule } from './built-decoder.ts';

const PATIENT_MS = 20_000;
const IMPATIENT_MS = 700;

const DECODERS = {
  'hangs in open': new URL('./decoders/hangs-in-open.mjs', import.meta.url),
  'spins in convert': new URL('./decoders/spins-in-convert.mjs', import.meta.url),
  'exits in open': new URL('./decoders/exits-in-open.mjs', import.meta.url),
  'crashes in convert': new URL('./decoders/crashes-in-convert.mjs', import.meta.url),
  'grows in convert': new URL('./decoders/grows-in-convert.mjs', import.meta.url),
  'answers nonsense': new URL('./decoders/answers-nonsense.mjs', import.meta.url),
  'opens without header': new URL('./decoders/opens-without-header.mjs', import.meta.url),
  'opens twice': new URL('./decoders/opens-twice.mjs', import.meta.url),
  'converts to text': new URL('./decoders/converts-to-text.mjs', import.meta.url),
  'converts to markup': new URL('./decoders/converts-to-markup.mjs', import.meta.url),
  'writes no json': new URL('./decoders/writes-no-json.mjs', import.meta.url),
  'writes nothing': new URL('./decoders/writes-nothing.mjs', import.meta.url),
  'speaks for node': new URL('./decoders/speaks-for-node.mjs', import.meta.url),
  'refuses handles': new URL('./decoders/refuses-handles.mjs', import.meta.url),
  'nests deep': new URL('./decoders/nests-deep.mjs', import.meta.url),
  'nests within limits': new URL('./decoders/nests-within-limits.mjs', import.meta.url),
  'announces gibibytes': new URL('./decoders/announces-gibibytes.mjs', import.meta.url),
  'writes without end': new URL('./decoders/writes-without-end.mjs', import.meta.url),
  'closes its pipe': new URL('./decoders/closes-its-pipe.mjs', import.meta.url),
  'exits at start': new URL('./decoders/exits-at-start.mjs', import.meta.url),
  'never is ready': new URL('./decoders/never-is-ready.mjs', import.meta.url),
  'is not there': new URL('./decoders/none', import.meta.url),
};
type Misbehaviour = keyof typeof DECODERS;

function decoderThat(does: Misbehaviour): string {
  return fileURLToPath(DECODERS[does]);
}

function intakeWith(decoderPath: string, changes: Partial<IntakeOptions> = {}) {
  const options = { maxBytes: 2 ** 25, maxPixels: 1_000_000, timeoutMs: PATIENT_MS, concurrency: 1 };
  const intake = createIntake({ ...options, decoderPath, ...changes });
  return Object.assign(intake, { [Symbol.asyncDispose]: () => intake.stop() });
}

function picture(width = 100, height = 80, background = '#888'): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background } })
    .png()
    .toBuffer();
}

/** The scripted decoders misbehave with a picture that ends so. */
async function trouble(): Promise<Buffer> {
  return Buffer.concat([await picture(), Buffer.from('trouble')]);
}

async function codeOf(intake: Intake, bytes: Buffer): Promise<UserErrorCode | 'accepted'> {
  try {
    await intake.normalise(bytes, 'cat.png');
    return 'accepted';
  } catch (error) {
    if (error instanceof UserError) return error.code;
    throw error;
  }
}

/** The living processes that run this decoder for us. */
function processesOf(decoderPath: string): number[] {
  const ours = childrenOf(process.pid).filter((pid) => isAlive(pid));
  return ours.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(decoderPath));
}

test.each<[Misbehaviour, UserErrorCode, number]>([
  ['hangs in open', 'picture_too_slow', IMPATIENT_MS],
  ['spins in convert', 'picture_too_slow', IMPATIENT_MS],
  ['exits in open', 'picture_broken', PATIENT_MS],
  ['crashes in convert', 'picture_broken', PATIENT_MS],
  ['grows in convert', 'picture_too_large', PATIENT_MS],
  ['answers nonsense', 'picture_broken', PATIENT_MS],
  ['opens without header', 'picture_broken', PATIENT_MS],
  ['opens twice', 'picture_broken', PATIENT_MS],
  ['converts to text', 'picture_broken', PATIENT_MS],
  ['converts to markup', 'picture_broken', PATIENT_MS],
  ['writes no json', 'picture_broken', PATIENT_MS],
  ['writes nothing', 'picture_broken', PATIENT_MS],
  ['speaks for node', 'picture_broken', PATIENT_MS],
  ['refuses handles', 'picture_broken', PATIENT_MS],
  ['nests deep', 'picture_broken', PATIENT_MS],
  ['nests within limits', 'picture_broken', PATIENT_MS],
  ['announces gibibytes', 'picture_broken', PATIENT_MS],
  ['writes without end', 'picture_broken', PATIENT_MS],
  ['closes its pipe', 'picture_broken', PATIENT_MS],
])('a decoder that %s answers %s, is gone, and the next picture works', async (does, code, timeoutMs) => {
  const path = decoderThat(does);
  await using intake = intakeWith(path, { timeoutMs });
  expect(await codeOf(intake, await picture())).toBe('accepted');
  const [pid = 0, ...others] = processesOf(path);
  expect(others).toEqual([]);
  expect(await codeOf(intake, await trouble())).toBe(code);
  expect(isAlive(pid)).toBe(false);
  const next = await picture(200, 90);
  expect((await intake.normalise(next, 'next.png')).png.equals(next)).toBe(true);
});

test.each<Misbehaviour>(['exits at start', 'never is ready', 'is not there'])(
  'a decoder that %s is the installation’s fault',
  async (does) => {
    const path = decoderThat(does);
    const starting = startDecoder({
      path,
      startTimeoutMs: IMPATIENT_MS,
      maxMemoryBytes: 2 ** 30,
      sandbox: createSandbox(),
    });
    const error = await starting.catch((reason) => reason);
    expect(error).toBeInstanceOf(OperationError);
    expect(error).toMatchObject({ code: 'setup_missing', message: expect.stringContaining(path) });
    expect(processesOf(path)).toEqual([]);
  },
);

test('the time of a picture counts from its turn, not from the end of a line of slow ones', async () => {
  await using intake = intakeWith(decoderThat('hangs in open'), { timeoutMs: IMPATIENT_MS });
  const pictures = [await trouble(), await trouble(), await picture()];
  const codes = await Promise.all(pictures.map((bytes) => codeOf(intake, bytes)));
  expect(codes).toEqual(['picture_too_slow', 'picture_too_slow', 'accepted']);
});

test('a member who gives up frees the decoder, whether their picture is at it or waits', async () => {
  await using intake = intakeWith(decoderThat('hangs in open'));
  const members = [new AbortController(), new AbortController()];
  const bytes = await trouble();
  const answers = members.map(({ signal }) => intake.normalise(bytes, 'cat.png', { signal }));
  const settled = Promise.allSettled(answers);
  for (const member of members.reverse()) member.abort(new Error('They left'));
  expect(await settled).toMatchObject(members.map(() => ({ status: 'rejected', reason: { message: 'They left' } })));
  expect(await codeOf(intake, await picture())).toBe('accepted');
});

test('stopping ends the pictures under way and in line, and leaves no process', async () => {
  const path = decoderThat('hangs in open');
  const intake = intakeWith(path);
  expect(await codeOf(intake, await picture())).toBe('accepted');
  const bytes = await trouble();
  const settled = Promise.allSettled([intake.normalise(bytes, 'a.png'), intake.normalise(bytes, 'b.png')]);
  await intake.stop();
  expect(await settled).toMatchObject([{ reason: { name: 'AbortError' } }, { reason: { name: 'AbortError' } }]);
  expect(processesOf(path)).toEqual([]);
});

test('pictures that are decoded at the same time do not mix, and many are no reason for a warning', async () => {
  const warnings: Error[] = [];
  const collect = (warning: Error) => warnings.push(warning);
  process.on('warning', collect);
  await using intake = intakeWith(await builtDecoder(), { concurrency: 3 });
  const sizes = Array.from({ length: 18 }, (_, index) => ({
    width: 100 + index * 10,
    height: 300 - index * 10,
    index,
  }));
  const answers = await Promise.all(
    sizes.map(async ({ width, height, index }) => {
      const whole = await picture(width, height, `rgb(${index * 10}, 0, 200)`);
      if (index % 3 === 0) return await codeOf(intake, whole.subarray(0, 60));
      const { png } = await intake.normalise(whole, `${index}.png`);
      const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
      return [info.width, info.height, data[0]];
    }),
  );
  expect(answers).toEqual(
    sizes.map(({ width, height, index }) => (index % 3 === 0 ? 'picture_broken' : [width, height, index * 10])),
  );
  process.off('warning', collect);
  expect(warnings).toEqual([]);
});

test('a decoder whose bot is killed in the middle of a picture is gone, too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'orphan-'));
  const large = join(folder, 'large.png');
  await writeFile(large, await picture(6000, 6000));
  const script = fileURLToPath(new URL('./dies-while-decoding.mjs', import.meta.url));
  const modules = [await builtModule('decoder-process'), await builtDecoder()];
  const bot = spawn(process.execPath, [script, ...modules, large], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(bot.stdout, 'data');
  const [decoder = 0, ...others] = childrenOf(bot.pid ?? 0);
  expect(others).toEqual([]);
  bot.kill('SIGKILL');
  await once(bot, 'exit');
  await untilGone(decoder);
  await rm(folder, { recursive: true });
});
