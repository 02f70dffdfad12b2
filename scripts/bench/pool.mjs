// `npm run bench:pool`: what a warm pool saves, with an engine that takes a second for every clip, as processes and, where
// the image of .ci/docker-image is there, as containers. From the lease to the engine's first event, warm and cold; how much
// of the time an engine works while renders wait; and the same clips with an engine started and stopped for each.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import sharp from 'sharp';
import { root, setUp } from '../setup.mjs';

const RENDERS = 30;
const COLD_STARTS = 5;
const IMAGE = 'animate-bot-test-render';
const ENGINE = {
  name: 'test_engines.works_for_a_second:create',
  model: undefined,
  rendersPerProcess: 0,
  environment: {},
};
const BODY = { image: 'a.png', prompt: 'still', negative: '', width: 64, height: 64, frames: 5, seed: 1 };

setUp();
const { Pool } = await import('../../dist/gpu/pool.js');
const { Ladder, rungsOf } = await import('../../dist/gpu/ladder.js');
const { runRender } = await import('../../dist/gpu/run.js');
const { createProcessRuntime } = await import('../../dist/gpu/process.js');
const { createDockerRuntime } = await import('../../dist/gpu/docker.js');

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const picture = join(folder, 'a.png');
await sharp({ create: { width: 64, height: 64, channels: 3, background: 'teal' } })
  .png()
  .toFile(picture);
const waiting = [];
const never = new AbortController().signal;
const log = pino({ level: 'silent' });

const places = (name) => ({ socketFolder: join(folder, name, 's'), dataFolder: join(folder, name, 'd') });
const runtimes = {
  processes: createProcessRuntime({
    python: join(root, '.venv', 'bin', 'python'),
    serverFolder: join(root, 'python'),
    engine: ENGINE,
    ...places('processes'),
  }),
};
if (spawnSync('docker', ['image', 'inspect', IMAGE]).status === 0) {
  runtimes.containers = createDockerRuntime({
    owner: 'bench',
    image: IMAGE,
    engine: ENGINE,
    weights: join(folder, 'weights'),
    memoryBytes: 2 ** 30,
    ...places('containers'),
  });
} else
  process.stdout.write(`no containers: there is no image ${IMAGE} on a Docker engine; .ci/docker-image makes it\n`);

for (const [name, runtime] of Object.entries(runtimes)) await measure(name, runtime);
rmSync(folder, { recursive: true, force: true });

async function measure(name, runtime) {
  const cold = [];
  const alone = performance.now();
  for (let index = 0; index < COLD_STARTS; index += 1) {
    const pool = await open(runtime);
    cold.push((await render(pool, `cold-${index}`)).waited);
    await pool.close();
  }
  const secondsAlone = (performance.now() - alone) / 1000 / COLD_STARTS;

  const pool = await open(runtime);
  await render(pool, 'first');
  const warm = [];
  for (let index = 0; index < RENDERS; index += 1) warm.push((await render(pool, `warm-${index}`)).waited);
  const begun = performance.now();
  const backlog = await Promise.all(Array.from({ length: RENDERS }, (_, index) => render(pool, `backlog-${index}`)));
  const seconds = (performance.now() - begun) / 1000;
  await pool.close();

  const busy = backlog.reduce((sum, { worked }) => sum + worked, 0) / seconds;
  tell(name, `lease to first event, warm: median ${median(warm)} ms, most ${Math.max(...warm).toFixed(0)} ms`);
  tell(name, `lease to first event, cold: median ${median(cold)} ms`);
  tell(name, `${RENDERS} renders in line: ${(100 * busy).toFixed(1)} % of the time at work`);
  tell(name, `clips in an hour: ${rate(seconds / RENDERS)} warm, ${rate(secondsAlone)} with an engine for each clip`);
}

async function open(runtime) {
  const ladder = await Ladder.open({ rungs: rungsOf(ENGINE.name, 'process'), file: join(folder, 'ladder'), key: 'a' });
  const pool = new Pool({ runtime, slots: [{ index: 0 }], ladder, engineStartMs: 60_000, engineIdleMs: 0, log });
  pool.onRoom(() => {
    for (const ask of waiting.splice(0)) ask();
  });
  await pool.start();
  return pool;
}

/** As a worker does: asks again whenever an engine has become free. */
async function claim(pool, id) {
  for (;;) {
    const claimed = pool.claim(id, '480p');
    if (claimed) return claimed.lease(never);
    await new Promise((resolve) => waiting.push(resolve));
  }
}

/** Milliseconds until the first event, and the seconds that the engine counts for the whole render. */
async function render(pool, id) {
  const asked = performance.now();
  const lease = await claim(pool, id);
  let waited;
  try {
    copyFileSync(picture, join(lease.engine.inputsFolder, 'a.png'));
    const { seconds } = await runRender(lease, {
      id,
      body: BODY,
      onProgress: () => {
        waited ??= performance.now() - asked;
      },
      cancelled: never,
      abandoned: never,
      silenceMs: 60_000,
    });
    return { waited, worked: Object.values(seconds).reduce((sum, each) => sum + each, 0) };
  } finally {
    await lease[Symbol.asyncDispose]();
  }
}

function median(values) {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)].toFixed(0);
}

function rate(secondsEach) {
  return Math.round(3600 / secondsEach).toLocaleString('en');
}

function tell(name, text) {
  process.stdout.write(`${name}: ${text}\n`);
}
