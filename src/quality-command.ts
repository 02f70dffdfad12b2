// `animate-bot quality`: renders pictures exactly and faster, has them compared by render_server/quality.py, and sets the faster precision
// only where that says yes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Config } from './config.ts';
import { UserError } from './errors.ts';
import { runInImage } from './gpu/docker-pull.ts';
import type { Slot } from './gpu/runtime.ts';
import { createIntake } from './media/intake.ts';
import { isHeld } from './ops/lock.ts';
import type { Resolution } from './render.ts';
import { openSlots, slotsHolding } from './roles/engines.ts';
import { packageFolder, pythonOf } from './roles/package.ts';
import type { RoleOptions } from './roles/role.ts';
import { workerLockOf } from './roles/worker.ts';

export interface QualityOptions {
  pictures: string;
  precision: string;
  resolution: Resolution;
  sheet: string;
}

const SETTINGS_FILE = '.env';
const PICTURE = /\.(png|jpe?g|webp|gif|bmp|avif|heic|heif)$/i;
const EXIT_NO = 1;
/** In a container the image's own user may be another one. */
const FOR_EVERYBODY = 0o777;

/** Resolves to the exit code. */
export async function measureQuality(options: QualityOptions, role: RoleOptions): Promise<number> {
  const { config, shutdown } = role;
  await requireFreeEngine(config);
  const [slot] = slotsHolding(await openSlots(config, role.log), options.resolution);
  if (!slot) throw new UserError('bad_option', `No GPU here has the memory for ${options.resolution}. Ask for 480p.`);
  const folder = await mkdtemp(join(tmpdir(), 'animate-quality-'));
  shutdown.onStop('temporary folder', () => rm(folder, { recursive: true, force: true }));
  await preparePictures(options.pictures, folder, role);
  await chmod(folder, FOR_EVERYBODY);
  const code = await runProgram(options, { config, slot, folder }, shutdown.signal);
  shutdown.signal.throwIfAborted();
  const isMeasured = code === 0 || code === EXIT_NO;
  if (isMeasured) await copyFile(join(folder, 'sheet'), options.sheet);
  if (code === 0) await writeSetting('PRECISION', options.precision);
  process.stdout.write(`${describeEnd(code, options)}\n`);
  return code;
}

function describeEnd(code: number, { precision, sheet }: QualityOptions): string {
  if (code === 0) {
    return `Yes: PRECISION=${precision} is in ${resolve(SETTINGS_FILE)}, and holds from the worker's next start. Look at ${resolve(sheet)}; PRECISION=exact takes it back.`;
  }
  return code === EXIT_NO
    ? `No: nothing was set. What failed is marked ✗; ${resolve(sheet)} shows it.`
    : 'Not measured; nothing was set.';
}

async function requireFreeEngine(config: Config): Promise<void> {
  if (!config.engine.needsGpu || config.engine.quality === 'best') {
    throw new UserError(
      'bad_option',
      `Expected ENGINE to be fastvideo or diffusers, got ${config.engine.name}, which has no PRECISION.`,
    );
  }
  if (await isHeld(workerLockOf(config))) {
    throw new UserError(
      'bad_option',
      `The worker ${config.workerName} is running here and has the GPU's memory. Stop it first.`,
    );
  }
}

/** As a member's would be: upright, without transparency, in one kind of file. */
async function preparePictures(from: string, to: string, { config, shutdown }: RoleOptions): Promise<void> {
  const files = await readdir(from).catch(() => []);
  const names = files.filter((name) => PICTURE.test(name)).sort();
  if (names.length === 0) {
    throw new UserError('picture_missing', `Expected a folder with pictures at ${from}, found none.`);
  }
  const intake = createIntake(config.picture);
  shutdown.onStop('intake', () => intake.stop());
  for (const name of names) {
    const bytes = await readFile(join(from, name));
    const { png } = await intake.normalise(bytes, name, { fit: 'crop', signal: shutdown.signal }).catch((cause) => {
      throw cause instanceof UserError ? new UserError(cause.code, `${name}: ${cause.message}`, { cause }) : cause;
    });
    await writeFile(join(to, `${name}.png`), png);
  }
}

interface Place {
  config: Config;
  slot: Slot;
  folder: string;
}

async function runProgram(
  { precision, resolution }: QualityOptions,
  { config, slot, folder }: Place,
  stopped: AbortSignal,
): Promise<number> {
  const { engine, runtime } = config;
  const args = [
    ...['-m', 'render_server.quality', '--engine', engine.name],
    ...(engine.model ? ['--model', engine.model] : []),
    ...['--pictures', folder, '--sheet', join(folder, 'sheet'), '--precision', precision, '--resolution', resolution],
  ];
  if (runtime.kind === 'docker') {
    const work = { folder, gpu: slot.gpu?.id, memoryBytes: runtime.memoryBytes };
    const environment = { HF_HUB_OFFLINE: '1' };
    return runInImage({ ...runtime, args, environment, work }, process.stdout, stopped);
  }
  const child = spawn(pythonOf(config), args, {
    cwd: join(packageFolder, 'python'),
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...engine.environment,
      ...(slot.gpu !== undefined && { CUDA_VISIBLE_DEVICES: String(slot.gpu.index), CUDA_DEVICE_ORDER: 'PCI_BUS_ID' }),
      ...{ HF_HUB_OFFLINE: '1', PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' },
    },
  });
  stopped.addEventListener('abort', () => child.kill(), { once: true });
  const [code] = await once(child, 'exit');
  return (code as number | null) ?? EXIT_NO + 1;
}

/** In the place of an earlier line, or of the one that is commented out; whoever reads meanwhile finds the whole file. */
async function writeSetting(name: string, value: string): Promise<void> {
  const text = await readFile(SETTINGS_FILE, 'utf8').catch(() => '');
  const line = `${name}=${value}`;
  const earlier = new RegExp(`^#?[ \\t]*(export[ \\t]+)?${name}[ \\t]*=.*$`, 'm');
  const whole = text === '' || text.endsWith('\n') ? text : `${text}\n`;
  const part = `${SETTINGS_FILE}.${process.pid}.part`;
  // It may hold tokens.
  await writeFile(part, earlier.test(text) ? text.replace(earlier, line) : `${whole}${line}\n`, { mode: 0o600 });
  await rename(part, SETTINGS_FILE);
}
