// `animate-bot render`: one clip from the terminal, through the same intake and engine as the bot's.

import { randomInt } from 'node:crypto';
import { constants } from 'node:fs';
import { access, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { parseOptions } from './bots/command.ts';
import { UserError } from './errors.ts';
import { runRender } from './gpu/run.ts';
import { createIntake } from './media/intake.ts';
import { readPlainFile } from './media/plain-file.ts';
import { createSandbox } from './media/sandbox.ts';
import { openOneEngine } from './one-engine.ts';
import { fractionDone } from './queue/estimates.ts';
import { frameCount, LARGEST_SEED, outputSize, type Progress } from './render.ts';
import { openMarkThatIsThere } from './roles/mark.ts';
import { pythonOf } from './roles/package.ts';
import type { RoleOptions } from './roles/role.ts';

export interface RenderCommandOptions {
  image: string;
  prompt: string;
  output: string;
  resolution: string;
  seconds: string;
  seed?: string;
  negative: string;
  fit?: string;
  frame?: string;
}

const BAR_WIDTH = 30;

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
  const picture = await intake.normalise(bytes, basename(options.image), {
    ...{ fit: command.fit, frame: command.frame, signal: shutdown.signal },
  });
  const { width, height } = outputSize(picture, command.resolution);

  const report = createReport(process.stderr);
  await using lease = await openOneEngine({ config, log, shutdown }, command.resolution);
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
  const clip = await buffer(Readable.from(readPlainFile(join(lease.engine.outputsFolder, 'render.mp4'))));
  const mark = await openMarkThatIsThere(config, createSandbox({ python: () => pythonOf(config) }), log);
  const marked = await mark(clip, result);
  if (marked.fault !== undefined) log.warn({ fault: marked.fault }, 'The clip is not marked as it should be');
  await keepClip(marked.clip, options.output);
  const { size } = await stat(options.output);
  const megabytes = (size / 1_000_000).toFixed(1);
  const label = result.engine === 'preview' ? 'preview, no GPU' : result.engine;
  process.stdout.write(
    `${resolve(options.output)}: ${width}×${height}, ${frames} frames, ${megabytes} MB, seed ${seed}, ${label}\n`,
  );
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
async function keepClip(clip: Buffer, output: string): Promise<void> {
  const part = `${output}.${process.pid}.part`;
  try {
    await writeFile(part, clip);
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
