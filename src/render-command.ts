// `animate-bot render`: one clip from the terminal, through the same intake and engine as the bot's.

import { randomInt } from 'node:crypto';
import { constants } from 'node:fs';
import { access, copyFile, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseOptions } from './bots/command.ts';
import { OperationError, UserError } from './errors.ts';
import { socketFolderOf } from './folders.ts';
import { createEngineClient, type EngineClient } from './gpu/client.ts';
import type { Lease } from './gpu/pool.ts';
import { runRender } from './gpu/run.ts';
import type { Runtime, Slot } from './gpu/runtime.ts';
import { createIntake } from './media/intake.ts';
import { fractionDone } from './queue/estimates.ts';
import { frameCount, LARGEST_SEED, outputSize, type Progress, type Resolution } from './render.ts';
import { createRuntime, openSlots, type RoleOptions, slotsHolding } from './roles.ts';

export interface RenderCommandOptions {
  image: string;
  prompt: string;
  output: string;
  resolution: string;
  seconds: string;
  seed?: string;
  negative: string;
}

const BAR_WIDTH = 30;
const READY_POLL_MS = 100;

export async function renderToFile(
  options: RenderCommandOptions,
  { config, log, shutdown }: RoleOptions,
): Promise<void> {
  const command = parseOptions(options);
  await requireWritable(options.output);
  const intake = createIntake(config.picture);
  shutdown.onStop('intake', () => intake.stop());
  const bytes = await readFile(options.image).catch((cause) => {
    throw new UserError('picture_missing', `Expected a picture at ${options.image}, found no readable file.`, {
      cause,
    });
  });
  const picture = await intake.normalise(bytes, basename(options.image), shutdown.signal);
  const { width, height } = outputSize(picture, command.resolution);

  // A data folder of its own, so that it never meets the engines of a running worker.
  const dataFolder = await mkdtemp(join(tmpdir(), 'animate-render-'));
  shutdown.onStop('temporary folders', async () => {
    for (const folder of [dataFolder, socketFolderOf(dataFolder)]) await rm(folder, { recursive: true, force: true });
  });
  const slot = slotFor(command.resolution, await openSlots(config, log));
  const runtime = createRuntime({ ...config, dataFolder }, 'render');
  shutdown.onStop('engine', () => runtime.stop(slot));

  const report = createReport(process.stderr);
  await using lease = await startEngine(runtime, slot, config.engineStartMs, shutdown.signal);
  await writeFile(join(lease.engine.inputsFolder, 'render.png'), picture.png);
  const seed = command.seed ?? randomInt(LARGEST_SEED);
  const frames = frameCount(command.seconds);
  const result = await runRender(lease, {
    id: 'render',
    body: { image: 'render.png', prompt: command.prompt, negative: command.negative, width, height, frames, seed },
    onProgress: report.show,
    cancelled: shutdown.signal,
    abandoned: new AbortController().signal,
    silenceMs: config.engineSilenceMs,
  }).finally(report.finish);
  await keepClip(join(lease.engine.outputsFolder, 'render.mp4'), options.output);
  const megabytes = (result.bytes / 1_000_000).toFixed(1);
  const label = result.engine === 'preview' ? 'preview, no GPU' : result.engine;
  process.stdout.write(
    `${resolve(options.output)}: ${width}×${height}, ${frames} frames, ${megabytes} MB, seed ${seed}, ${label}\n`,
  );
}

function slotFor(resolution: Resolution, slots: Slot[]): Slot {
  const [slot] = slotsHolding(slots, resolution);
  if (slot) return slot;
  throw new UserError('bad_option', `No GPU here has the memory for ${resolution}. Ask for 480p.`);
}

/** An engine for this one render: unlike a worker's pool, it does not try again when it cannot be had. */
async function startEngine(runtime: Runtime, slot: Slot, engineStartMs: number, stopping: AbortSignal): Promise<Lease> {
  const engine = await runtime.start(slot, stopping);
  const client = createEngineClient(engine.socketPath);
  const lost = new AbortController();
  void engine.exited.then((how) => lost.abort(new OperationError('engine_exited', `The render server ${how}.`)));
  const deadline = AbortSignal.timeout(engineStartMs);
  try {
    await waitUntilReady(client, AbortSignal.any([stopping, lost.signal, deadline]));
  } catch (error) {
    await client.close();
    lost.signal.throwIfAborted();
    if (!deadline.aborted) throw error;
    throw new OperationError('engine_not_ready', `The engine was not ready after ${engineStartMs / 1000} s.`);
  }
  return {
    engine,
    client,
    lost: lost.signal,
    condemn: () => undefined,
    [Symbol.asyncDispose]: () => client.close(),
  };
}

async function waitUntilReady(client: EngineClient, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { state, lastError } = await client.health(signal);
    if (state === 'ready') return;
    if (state === 'failed') throw new OperationError('engine_exited', lastError?.message ?? 'The engine did not load.');
    await sleep(READY_POLL_MS, undefined, { signal });
  }
}

/** Asked before rendering: minutes of work must not end at a folder with a typing error. */
async function requireWritable(output: string): Promise<void> {
  const isFolder = await stat(output).then(
    (found) => found.isDirectory(),
    () => false,
  );
  try {
    if (isFolder) throw new Error('it is a folder');
    await access(dirname(output), constants.W_OK);
  } catch (cause) {
    throw unwritable(output, cause);
  }
}

/** Whoever looks at the output finds the whole clip or none. */
async function keepClip(clip: string, output: string): Promise<void> {
  const part = `${output}.${process.pid}.part`;
  try {
    await copyFile(clip, part);
    await rename(part, output);
  } catch (cause) {
    await rm(part, { force: true });
    throw unwritable(output, cause);
  }
}

function unwritable(output: string, cause: unknown): UserError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new UserError(
    'bad_option',
    `Expected \`--output\` to be a file that can be written, got ${output}: ${reason}`,
    {
      cause,
    },
  );
}

/** A bar that redraws itself on a terminal; elsewhere a line for each stage. */
function createReport(output: NodeJS.WriteStream) {
  let lastStage: Progress['stage'] | undefined;
  return {
    show(progress: Progress): void {
      if (output.isTTY) {
        const filled = Math.round(fractionDone(progress, undefined) * BAR_WIDTH);
        const bar = `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}`;
        output.write(`\r\u001B[K${bar} ${describe(progress)}`);
      } else if (progress.stage !== lastStage) {
        output.write(`${describe(progress)}\n`);
      }
      lastStage = progress.stage;
    },
    finish(): void {
      if (output.isTTY) output.write('\r\u001B[K');
    },
  };
}

function describe(progress: Progress): string {
  const name = progress.stage.replaceAll('_', ' ');
  return 'step' in progress ? `${name}, step ${progress.step} of ${progress.steps}` : name;
}
