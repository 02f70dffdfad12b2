// An operator's day with real processes: health and commands from a shell, probes, numbers, one trace for one render, and no
// secret in any of them.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Health } from '../../src/queue/health.ts';
import { openChat } from '../fakes/chat.ts';
import { startCollector } from '../fakes/collector.ts';
import { installCards } from '../fakes/gpus.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startDurableRedis } from '../fakes/redis.ts';
import { linkOf, main, type Role, run, startRole } from '../fakes/roles.ts';

const REDIS_PASSWORD = 'canary-of-the-redis-password';
const OPS_TOKEN = 'canary-of-the-operations-token';
const COLLECTOR_KEY = 'canary-of-the-collectors-key';
const MEMBER_WORDS = 'canary of what a member wrote';

let folder: string;
let redis: Awaited<ReturnType<typeof startDurableRedis>>;
let collector: Awaited<ReturnType<typeof startCollector>>;
let picture: Buffer;
let roles: Role[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-operations-'));
  redis = await startDurableRedis({ requirepass: REDIS_PASSWORD });
  collector = await startCollector();
  picture = await drawPicture();
  roles = [];
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    const words = roles.flatMap(({ lines }) => lines).map((line) => JSON.stringify(line).slice(0, 1500));
    process.stderr.write(`${words.join('\n')}\n`);
  }
  await Promise.all(roles.map((role) => role.kill('SIGTERM')));
  await collector.close();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

const environment = () => ({
  REDIS_URL: redis.url.replace('://', `://:${REDIS_PASSWORD}@`),
  DATA_FOLDER: join(folder, 'data'),
});

function start(role: 'bot' | 'worker', more: Record<string, string> = {}): Role {
  const started = startRole(role, {
    ...environment(),
    ENGINE: 'test_engines.does_as_told:create',
    OPS_PORT: '0',
    OPS_TOKEN,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
    OTEL_EXPORTER_OTLP_HEADERS: `x-key=${COLLECTOR_KEY}`,
    ...more,
  });
  roles.push(started);
  return started;
}

async function opsOf(role: Role) {
  const { address } = await role.said('Health and metrics are served');
  return async (path: string, isShown = true) => {
    const response = await fetch(`${address}${path}`, {
      headers: isShown ? { authorization: `Bearer ${OPS_TOKEN}` } : {},
    });
    return { status: response.status, text: await response.text() };
  };
}

async function chatOf(bot: Role) {
  return openChat(await linkOf(bot));
}

const admin = (...args: string[]) => run(process.execPath, [main, 'admin', ...args], { env: environment() });

async function askHealth(): Promise<Health> {
  return JSON.parse((await admin('health', '--json')).stdout) as Health;
}

/** Workers tell of themselves every few seconds. */
async function untilHealth(isIt: (health: Health) => boolean): Promise<Health> {
  for (;;) {
    const health = await askHealth();
    if (isIt(health)) return health;
  }
}

test('one render is one trace from the command to the delivery, and no secret or word of a member is in anything told', async () => {
  const [bot, worker] = [start('bot'), start('worker')];
  const [askBot, askWorker] = [await opsOf(bot), await opsOf(worker)];
  const chat = await chatOf(bot);
  await worker.said('Engine ready');
  const renderId = await chat.animate(`${MEMBER_WORDS} seconds:1`, picture);
  await chat.until(renderId, ({ view }) => view.kind === 'done');
  const parts = ['command', 'deliver', 'render', 'store', 'wait'];
  const spans = await collector.until((all) => parts.every((part) => all.some(({ name }) => name === part)));
  const byName = Object.fromEntries(spans.map((span) => [span.name, span]));
  expect(Object.keys(byName).sort()).toEqual(parts);
  expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
  for (const name of ['wait', 'render', 'deliver']) expect(byName[name]?.parentSpanId).toBe(byName.command?.spanId);
  expect(byName.store?.parentSpanId).toBe(byName.render?.spanId);
  expect(byName.render?.attributes.map(({ key }) => key)).toEqual(
    expect.arrayContaining(['resolution', 'quality', 'attempt', 'engine', 'stage.decoding.seconds']),
  );
  expect(collector.headers[0]?.['x-key']).toBe(COLLECTOR_KEY);

  await expect(chat.animate('nothing to see resolution:9000p', picture)).rejects.toThrow(/^422/);
  const numbers = (await askBot('/metrics')).text + (await askWorker('/metrics')).text;
  expect(numbers).toContain('animate_commands_accepted_total{platform="web"} 1');
  expect(numbers).toMatch(/animate_commands_refused_total\{platform="web",code="bad_\w+"\} 1/);
  expect(numbers).toContain('animate_wait_seconds_count{resolution="480p",quality="fast"} 1');
  expect(numbers).toContain('animate_render_seconds_count{resolution="480p",quality="fast"} 1');
  expect(numbers).toContain('animate_renders_ended_total{outcome="done"} 1');
  expect(numbers).toContain('animate_deliveries_total{platform="web"} 1');

  const told = [
    numbers,
    (await askBot('/ready')).text,
    (await askBot('/queues/api/queues?activeQueue=renders-480p-fast&status=completed')).text,
    ...collector.bodies,
    ...roles.flatMap(({ lines }) => lines.map((line) => JSON.stringify(line))),
    (await admin('health', '--json')).stdout,
  ].join('\n');
  expect(told).toContain(renderId);
  for (const canary of [REDIS_PASSWORD, OPS_TOKEN, COLLECTOR_KEY, MEMBER_WORDS]) expect(told).not.toContain(canary);
  for (const numbered of [numbers, ...collector.bodies]) expect(numbered).not.toContain('Ada');
});

test('a process is alive from the start, and ready when it can do its work', async () => {
  const bot = start('bot');
  const worker = start('worker', { ENGINE: 'test_engines.never_loads:create' });
  const [askBot, askWorker] = [await opsOf(bot), await opsOf(worker)];
  expect((await askWorker('/live', false)).status).toBe(200);
  // Never ready in between, not even before the worker has come to its engines.
  let asked = await askWorker('/ready');
  while (asked.text.includes('still starting')) asked = await askWorker('/ready');
  expect(asked).toEqual({ status: 503, text: '{"ready":false,"reasons":["no engine is loaded yet"]}' });
  await bot.said('The chat page is ready');
  while ((await askBot('/ready')).text.includes('still starting'));
  expect(await askBot('/ready')).toEqual({ status: 200, text: '{"ready":true,"reasons":[]}' });
  expect((await askBot('/metrics', false)).status).toBe(401);
  await redis.halt();
  expect(await askBot('/ready')).toMatchObject({ status: 503, text: expect.stringContaining('Redis does not answer') });
  expect((await askBot('/live', false)).status).toBe(200);
  await redis.resume();
  while ((await askBot('/ready')).status !== 200);
});

test('from a shell an admin sees what is wrong, and has a poisonous render tried again once it can work', async () => {
  const bot = start('bot');
  const chat = await chatOf(bot);
  const broken = await admin('health');
  expect(broken.code).toBe(1);
  expect(broken.stdout).toMatch(/^Broken: no worker is online/);
  const worker = start('worker', {
    WORKER_NAME: 'attic',
    GPUS: 'all',
    PATH: await installCards(join(folder, 'cards'), [{ id: 'GPU-1', name: 'NVIDIA RTX 5090', mebibytes: 32_607 }]),
  });
  await worker.said('Engine ready');
  const cure = join(folder, 'cure');
  const renderId = await chat.animate(`die until ${cure} seconds:1`, picture);
  await chat.until(renderId, ({ view }) => view.kind === 'failed', 60_000);
  expect((await admin('quarantine')).stdout).toContain(`${renderId} for Ada`);
  const health = await untilHealth(({ workers }) => workers[0]?.engines[0]?.failures === 3);
  expect(health.faults.map(({ code }) => code)).toContain('quarantine');
  expect(health.quarantine).toMatchObject([{ id: renderId, askedBy: 'Ada', why: expect.stringMatching(/\w/) }]);
  expect(health.workers[0]).toMatchObject({ name: 'attic', version: health.version, launched: 'plainly' });
  expect(health.workers[0]?.engines[0]).toMatchObject({
    gpu: { name: 'NVIDIA RTX 5090', temperature: 35, busy: 0 },
    lastError: { message: expect.stringMatching(/\w/) },
  });

  await writeFile(cure, '');
  let retried = await admin('retry', renderId);
  while (retried.stdout.includes("hasn't been told")) retried = await admin('retry', renderId);
  expect(retried).toMatchObject({ code: 0, stdout: expect.stringContaining('Back in line') });
  await chat.until(renderId, ({ view, clip }) => view.kind === 'done' && clip !== undefined);
  expect((await chat.replies()).filter(({ view }) => view.renderId === renderId)).toHaveLength(1);
  expect((await admin('quarantine')).stdout).toBe('Nothing is in quarantine.\n');
  expect(await admin('retry', 'web-nobody')).toMatchObject({ code: 3, stderr: expect.stringContaining('web-nobody') });
});

test('a render under way is seen with its percent, and a GPU is unloaded after it and woken by the next', async () => {
  const bot = start('bot');
  const chat = await chatOf(bot);
  const worker = start('worker', { WORKER_NAME: 'attic' });
  await worker.said('Engine ready');
  const gate = join(folder, 'gate');
  const renderId = await chat.animate(`hold ${gate} seconds:1`, picture);
  const { workers } = await untilHealth(({ workers: [found] }) => found?.engines[0]?.renderId === renderId);
  expect(workers[0]?.engines[0]).toMatchObject({ state: 'lent', fraction: expect.any(Number) });
  expect((await admin('workers')).stdout).toMatch(new RegExp(`attic/0: rendering ${renderId} \\d+%`));
  expect((await admin('unload', 'attic/0')).stdout).toMatch(/^It finishes its current clip first/);
  await writeFile(gate, '');
  await chat.until(renderId, ({ view }) => view.kind === 'done');
  await worker.said('The engine is unloaded until it is needed');
  await untilHealth(({ workers: [found] }) => found?.engines[0]?.state === 'asleep');
  const next = await chat.animate('she smiles seconds:1', picture);
  await chat.until(next, ({ view }) => view.kind === 'done');
  expect((await askHealth()).durations).toMatchObject([{ resolution: '480p', seconds: 1, renders: 2 }]);
});

test('with `start`, the shell finds the Redis that it runs', async () => {
  const role = startRole('start', { DATA_FOLDER: join(folder, 'data') });
  roles.push(role);
  await role.said('Engine ready');
  const ask = () => run(process.execPath, [main, 'admin', 'health'], { env: { DATA_FOLDER: join(folder, 'data') } });
  let { code, stdout } = await ask();
  // A worker tells of itself every three seconds.
  while (stdout.includes('no engine is loaded yet')) ({ code, stdout } = await ask());
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringMatching(/^All is well\./) });
  expect(await readFile(join(folder, 'data', 'redis', 'redis.log'), 'utf8')).toMatch(/\w/);
});

test('a verb that there is not, and one that lacks its subject, are told with what is expected', async () => {
  for (const [args, words] of [
    [['paint'], 'Expected one of health, queue'],
    [['drain'], 'Expected the name of a worker after drain'],
  ] as const) {
    const { code, stderr } = await admin(...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(words) });
  }
});
