// What survives when processes are killed: real bot, worker, engine and Redis processes, and one clip at the end.
import { on } from 'node:events';
import { watch } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isDone, openChat } from '../fakes/chat.ts';
import { installCards } from '../fakes/gpus.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startDurableRedis } from '../fakes/redis.ts';
import { linkOf } from '../fakes/roles.ts';
import { useInstallation } from './installation.ts';

let picture: Buffer;

const installation = useInstallation({
  async open() {
    picture = await drawPicture();
  },
});
const { start } = installation;

async function startBot(environment: Record<string, string> = {}) {
  const bot = start('bot', environment);
  return { bot, chat: openChat(await linkOf(bot)) };
}

async function expectOneClip(chat: ReturnType<typeof openChat>, renderId: string): Promise<void> {
  await chat.until(renderId, isDone);
  const clips = (await chat.replies()).filter(({ clip }) => clip !== undefined);
  expect(clips).toHaveLength(1);
}

async function untilThere(place: string, name: string): Promise<void> {
  const watcher = watch(place);
  for await (const [, changed] of on(watcher, 'change')) if (changed === name) break;
  watcher.close();
}

const gate = () => join(installation.folder, 'gate');
const isDrawing = ({ view }: { view: { headline: string } }) => view.headline.startsWith('Drawing');

test('a render whose worker is killed is rejoined by the next worker and delivered once', async () => {
  const { chat } = await startBot();
  const worker = start('worker');
  const renderId = await chat.animate(`hold ${gate()} seconds:1`, picture);
  await chat.until(renderId, isDrawing);
  await worker.kill('SIGKILL');
  const next = start('worker');
  const ready = await next.said('Engine ready');
  expect(ready).toMatchObject({ renderId });
  await writeFile(gate(), '');
  await expectOneClip(chat, renderId);
});

test('a worker that is told to stop finishes its render, takes no new one, and leaves nothing running', async () => {
  const { chat } = await startBot();
  const worker = start('worker', { DRAIN_SECONDS: '60' });
  const first = await chat.animate(`hold ${gate()} seconds:1`, picture);
  await chat.until(first, isDrawing);
  const second = await chat.animate('go seconds:1', picture);
  const stopped = worker.kill('SIGTERM');
  expect(await worker.said('Finishing what was begun')).toMatchObject({ renders: 1, withinSeconds: 60 });
  await writeFile(gate(), '');
  await stopped;
  expect(worker.lines.filter(({ msg }) => msg === 'Rendered')).toHaveLength(1);
  await chat.until(first, isDone);
  const { view } = (await chat.replies()).find(({ view }) => view.renderId === second) ?? {};
  expect(view).toMatchObject({ kind: 'waiting' });
  start('worker');
  await chat.until(second, isDone);
});

test('a render that outlasts the time to finish goes back in line and is made by the next worker', async () => {
  const { chat } = await startBot();
  const worker = start('worker', { DRAIN_SECONDS: '1' });
  const renderId = await chat.animate(`hold ${gate()} seconds:1`, picture);
  await chat.until(renderId, isDrawing);
  await worker.kill('SIGTERM');
  await writeFile(gate(), '');
  start('worker');
  await expectOneClip(chat, renderId);
});

test('an idle engine is unloaded, and the next render wakes it', async () => {
  const { chat } = await startBot();
  const worker = start('worker', { ENGINE_IDLE_SECONDS: '1' });
  await worker.said('The engine is unloaded until it is needed');
  await expectOneClip(chat, await chat.animate('go seconds:1', picture));
  expect(worker.lines.filter(({ msg }) => msg === 'Waking the engine')).toHaveLength(1);
});

test('a render that waits for its engine to load says so', async () => {
  const { chat } = await startBot();
  start('worker', { ENGINE: 'test_engines.never_loads:create' });
  const renderId = await chat.animate('go seconds:1', picture);
  await chat.until(renderId, ({ view }) => view.detail.startsWith('The engine is still loading'));
  await chat.press(renderId, 'cancel');
  await chat.until(renderId, ({ view }) => view.kind === 'cancelled');
});

test('a render whose engine dies is retried on a fresh engine and delivered once', async () => {
  const { chat } = await startBot();
  start('worker');
  const renderId = await chat.animate(`die once ${gate()} seconds:1`, picture);
  await expectOneClip(chat, renderId);
});

test('renders go on while fresh engines take over from worn ones', async () => {
  const { chat } = await startBot();
  const worker = start('worker', { RENDERS_PER_ENGINE: '1' });
  const renderIds = [];
  for (let number = 0; number < 3; number += 1) renderIds.push(await chat.animate('a still seconds:1', picture));
  for (const renderId of renderIds) await chat.until(renderId, isDone);
  // Each was rendered once: none met an engine that was about to go.
  expect(worker.lines.filter(({ msg }) => msg === 'Rendering')).toHaveLength(3);
  expect(worker.lines.filter(({ msg }) => msg === 'The engine did not start')).toHaveLength(0);
});

test('a render that kills every engine ends after three with an apology that holds its number', async () => {
  const { chat } = await startBot();
  const worker = start('worker');
  const renderId = await chat.animate('die seconds:1', picture);
  const reply = await chat.until(renderId, ({ view }) => view.kind === 'failed');
  expect(reply.view.detail).toContain(renderId);
  expect(worker.lines.filter(({ msg }) => msg === 'Rendering')).toHaveLength(3);
});

test('an engine that goes silent is replaced, and its render ends with an apology', async () => {
  const { chat } = await startBot();
  start('worker', { ENGINE_SILENCE_SECONDS: '1' });
  const renderId = await chat.animate('go silent seconds:1', picture);
  const reply = await chat.until(renderId, ({ view }) => view.kind === 'failed');
  expect(reply.view.detail).toContain('nothing for 1 s');
});

test('a bot that is killed in the middle of a render delivers it once after its restart', async () => {
  const { bot, chat } = await startBot();
  start('worker');
  const renderId = await chat.animate(`hold ${gate()} seconds:1`, picture);
  await chat.until(renderId, isDrawing);
  await bot.kill('SIGKILL');
  await writeFile(gate(), '');
  const second = await startBot();
  await expectOneClip(second.chat, renderId);
});

test('a clip that is finished while no bot is there is delivered once by the next one', async () => {
  const { bot, chat } = await startBot();
  const worker = start('worker');
  const renderId = await chat.animate(`hold ${gate()} seconds:1`, picture);
  await chat.until(renderId, isDrawing);
  await bot.kill('SIGKILL');
  await writeFile(gate(), '');
  await worker.said('Rendered');
  const second = await startBot();
  await expectOneClip(second.chat, renderId);
});

test('a clip that is gone from the store becomes an apology that holds its number', async () => {
  const { bot, chat } = await startBot();
  const worker = start('worker');
  const renderId = await chat.animate(`hold ${gate()} seconds:1`, picture);
  await chat.until(renderId, isDrawing);
  await bot.kill('SIGKILL');
  await writeFile(gate(), '');
  await worker.said('Rendered');
  await rm(join(installation.folder, 'data', 'media', 'clips', `${renderId}.mp4`));
  const second = await startBot();
  const reply = await second.chat.until(renderId, ({ view }) => view.kind === 'failed');
  expect(reply.view.detail).toContain(renderId);
  expect(reply.clip).toBeUndefined();
  await second.bot.said('Delivered');
});

test('a running render is cancelled, and the member is told that the engine is free', async () => {
  const { chat } = await startBot();
  start('worker');
  const renderId = await chat.animate(`hold ${gate()} seconds:1`, picture);
  await chat.until(renderId, isDrawing);
  expect(await chat.press(renderId, 'cancel')).toBe('Stopping it now.');
  const reply = await chat.until(renderId, ({ view }) => view.kind === 'cancelled');
  expect(reply.view.detail).toContain('the engine is free again');
});

test('a waiting render is cancelled before it starts, and those behind it move up', async () => {
  const { chat } = await startBot();
  start('worker');
  const first = await chat.animate(`hold ${gate()} seconds:1`, picture);
  await chat.until(first, isDrawing);
  const second = await chat.animate('go seconds:1', picture);
  const third = await chat.animate('go on seconds:1', picture);
  await chat.until(third, ({ view }) => view.headline === '2nd in line');
  expect(await chat.press(second, 'cancel')).toBe('Cancelled before it started.');
  await chat.until(second, ({ view }) => view.kind === 'cancelled');
  await chat.until(third, ({ view }) => view.headline === 'Next in line');
  await writeFile(gate(), '');
  await chat.until(third, isDone);
});

test('the same event delivered twice is one render', async () => {
  const { chat } = await startBot();
  start('worker');
  const renderId = await chat.animate('go seconds:1', picture, 'one-event');
  expect(await chat.animate('go seconds:1', picture, 'one-event')).toBe(renderId);
  await expectOneClip(chat, renderId);
  expect(await chat.replies()).toHaveLength(1);
});

test.each([
  ['before the render ends', true],
  ['after the render has ended', false],
])('a Redis that is restarted in the middle of a render, and is back %s, costs nothing', async (_when, isBackFirst) => {
  const durable = await startDurableRedis();
  try {
    const { chat } = await startBot({ REDIS_URL: durable.url });
    const worker = start('worker', { REDIS_URL: durable.url });
    const renderId = await chat.animate(`hold ${gate()} seconds:1`, picture);
    await chat.until(renderId, isDrawing);
    await durable.halt();
    await worker.said('Redis cannot be reached; waiting for it');
    if (isBackFirst) await durable.resume();
    const rendered = untilThere(
      join(installation.folder, 'data', 'engines', 'worker', 'engine-0', 'outputs'),
      `${renderId}.mp4`,
    );
    await writeFile(gate(), '');
    await rendered;
    if (!isBackFirst) await durable.resume();
    await expectOneClip(chat, renderId);
    expect(worker.lines.filter(({ msg }) => msg === 'Rendered')).toHaveLength(1);
    expect(installation.roles.flatMap(({ lines }) => lines).filter(({ msg }) => msg === 'Delivered')).toHaveLength(1);
  } finally {
    await Promise.all(installation.roles.map((role) => role.kill('SIGTERM')));
    await durable.stop();
  }
});

test('a card that the engine has no kernels for is left out, and the other card makes the clips', async () => {
  const { chat } = await startBot();
  const cards = [
    { id: 'GPU-new', name: 'NVIDIA GeForce RTX 5090', mebibytes: 32_607 },
    { id: 'GPU-old', name: 'NVIDIA H100 80GB HBM3', mebibytes: 81_559 },
  ];
  const worker = start('worker', {
    PATH: await installCards(join(installation.folder, 'cards'), cards),
    GPUS: 'all',
    ENGINE: 'test_engines.lacks_kernels:create',
  });
  const { slot, gpu, reason } = await worker.said('This card is left out until the worker starts again');
  expect({ slot, gpu }).toEqual({ slot: 0, gpu: 'GPU-new' });
  expect(reason).toContain('needs kernels for sm_120, and this PyTorch 2.6 holds sm_90');
  const renderIds = [await chat.animate('one seconds:1', picture), await chat.animate('two seconds:1', picture)];
  for (const renderId of renderIds) await chat.until(renderId, isDone);
  expect(worker.lines.filter(({ msg, slot: of }) => msg === 'Engine ready' && of === 0)).toEqual([]);
});

test('with no other card, members are told that nothing can render it', async () => {
  const { chat } = await startBot();
  const worker = start('worker', {
    PATH: await installCards(join(installation.folder, 'cards'), [
      { id: 'GPU-new', name: 'RTX 5090', mebibytes: 32_607 },
    ]),
    GPUS: 'all',
    ENGINE: 'test_engines.lacks_kernels:create',
  });
  await worker.said('This card is left out until the worker starts again');
  const renderId = await chat.animate('one seconds:1', picture);
  await chat.until(renderId, ({ view }) => view.detail.startsWith('No GPU that can make 480p is online'));
});
