// `npm run bench:gpu`: the whole way on a real GPU, from the page's command to the clip in the thread, with ENGINE, MODEL and
// PYTHON as for `start`: how long engines take to be there, what the bot and the pool add to a clip, how busy a backlog keeps
// the card, a cancel, every way of being killed, the idle card, and what a clip costs with an engine started for it alone.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createParser } from 'eventsource-parser';
import sharp from 'sharp';
import { logIn, pageLink } from '../page-link.mjs';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    repeats: { type: 'string', default: '5' },
    backlog: { type: 'string', default: '12' },
    phases: { type: 'string', default: 'warm,cancel,worker-killed,engine-killed,backlog,idle,stop,cold' },
    /** Long enough for the phases that wait for an engine in between. */
    idle: { type: 'string', default: '20' },
  },
});
const dist = new URL('../../dist/', import.meta.url);
const main = new URL('main.js', dist).pathname;
const { connectRedis, KEY_PREFIX } = await import(new URL('queue/redis.js', dist));
const { createRecords } = await import(new URL('queue/records.js', dist));
const { rendersQueue } = await import(new URL('queue/names.js', dist));
const { socketFolderOf } = await import(new URL('socket-folder.js', dist));
const { findGpus } = await import(new URL('gpu/devices.js', dist));

/** As many of the model's cells of 16x16 as a clip has, each of one colour: what random weights carry through, too. */
const SIZES = { '480p': [832, 480], '720p': [1280, 704] };
const CELL = 16;
const GIVE_UP_MS = 400_000;
/** The driver takes a moment to give back what a process had that is gone. */
const DRIVER_MS = 2000;

const folder = mkdtempSync(join(tmpdir(), 'animate-gpu-'));
const dataFolder = join(folder, 'data');
const environment = { ...process.env, RUNTIME: 'process', DATA_FOLDER: dataFolder, WEB_PORT: '0', LOG_FORMAT: 'json' };
const engine = environment.ENGINE ?? 'preview';
const pictures = {};
for (const [resolution, size] of Object.entries(SIZES)) pictures[resolution] = await drawPicture(size);

tell(`card: ${await describeCard()}`);
let life = await startLife({});
let secondsEach;
const phases = {
  warm: measureWarm,
  cancel: measureCancel,
  'worker-killed': killWorker,
  'engine-killed': killEngine,
  backlog: measureBacklog,
  idle: measureIdle,
  stop: measureStop,
  cold: measureCold,
};
for (const name of options.phases.split(',')) {
  const begun = performance.now();
  try {
    await phases[name]();
  } catch (error) {
    tell(`${name}: FAILED: ${error.stack}`);
    process.exitCode = 1;
  }
  tell(`(${name} took ${since(begun)})`);
}
await life.stop('SIGTERM');
rmSync(folder, { recursive: true, force: true });
process.exit();

async function measureWarm() {
  for (const resolution of Object.keys(SIZES)) {
    await renderOnce(resolution);
    const measured = [];
    for (let index = 0; index < Number(options.repeats); index += 1) measured.push(await renderOnce(resolution));
    const median = (pick) => measured.map(pick).toSorted((one, other) => one - other)[Math.floor(measured.length / 2)];
    const { result, headlines } = measured[0];
    tell(
      `${resolution}, ${result.width}x${result.height}, ${result.frames} frames, accepted to delivered: median ${median(({ took }) => took).toFixed(2)} s;`,
      `the engine's stages ${median(({ stages }) => stages).toFixed(2)} s;`,
      `beside them median ${(1000 * median(({ took, stages }) => took - stages)).toFixed(0)} ms,`,
      `most ${(1000 * Math.max(...measured.map(({ took, stages }) => took - stages))).toFixed(0)} ms;`,
      `peak ${(result.peakGpuBytes / 2 ** 30).toFixed(1)} GiB, similarity ${result.similarity.toFixed(3)}`,
    );
    tell(`${resolution}, what the thread said: ${headlines.join(' > ')}`);
  }
}

async function measureCancel() {
  const { renderId } = await animate('720p');
  const next = await animate('480p');
  await untilImagining(renderId);
  const pressed = performance.now();
  await life.press(renderId, 'cancel');
  const { view } = await life.until(renderId, ({ view }) => view.kind === 'cancelled');
  const told = since(pressed);
  await life.until(next.renderId, ({ view }) => view.kind === 'rendering');
  tell(
    `cancel while denoising 720p: told after ${told} (${view.detail}); the next render began after ${since(pressed)}`,
  );
  await life.until(next.renderId, isDone);
}

async function killWorker() {
  const { renderId } = await animate('720p');
  await untilImagining(renderId);
  const killed = performance.now();
  await life.stop('SIGKILL');
  life = await startLife({ ENGINE_IDLE_SECONDS: options.idle });
  const { renderId: rejoined } = await life.said('Engine ready');
  const ready = since(killed);
  await life.until(renderId, isDone);
  const rejoins = rejoined === renderId ? 'with its render' : `without its render (${rejoined})`;
  tell(
    `kill -9 of start: engine there again after ${ready}, ${rejoins}; clip after ${since(killed)}, ${clipsOf(renderId)}`,
  );
}

async function killEngine() {
  const { renderId } = await animate('720p');
  await untilImagining(renderId);
  const { pid, bytes } = largestEngineProcess();
  const killed = performance.now();
  process.kill(pid, 'SIGKILL');
  await life.until(renderId, ({ view }) => view.kind === 'waiting');
  const noticed = since(killed);
  await life.until(renderId, isDone);
  tell(
    `kill -9 of the engine's process (${(bytes / 2 ** 30).toFixed(1)} GiB): noticed after ${noticed}, clip after ${since(killed)}, ${clipsOf(renderId)};`,
    `the card has ${await usedMemory()} in use`,
  );
}

async function measureBacklog() {
  const count = Number(options.backlog);
  await renderOnce('480p');
  const begun = performance.now();
  const watching = watchCard();
  const sent = await Promise.all(Array.from({ length: count }, () => animate('480p')));
  for (const { renderId } of sent) await life.until(renderId, isDone);
  const seconds = (performance.now() - begun) / 1000;
  const outcomes = await Promise.all(sent.map(({ renderId }) => outcomeOf(renderId)));
  const leases = await leaseTimes(sent.map(({ renderId }) => renderId));
  const span = (Math.max(...leases.map(({ ended }) => ended)) - Math.min(...leases.map(({ leased }) => leased))) / 1000;
  const worked = outcomes.reduce((sum, { stages }) => sum + stages, 0);
  const waited = leases.map(({ leased, first }) => first - leased).toSorted((one, other) => one - other);
  secondsEach = seconds / count;
  tell(
    `${count} renders of 480p in line: ${seconds.toFixed(1)} s, the engine at work ${((100 * worked) / span).toFixed(1)} % of the time from the first lease to the last end,`,
    `nvidia-smi's own use ${await watching.stop()} %`,
  );
  tell(`lease to the engine's first event: median ${waited[Math.floor(count / 2)]} ms, most ${waited.at(-1)} ms`);
}

async function measureIdle() {
  const before = await usedMemory();
  const begun = performance.now();
  const rendered = life.lines.findLastIndex(({ msg }) => msg === 'Rendered');
  await life.said('The engine is unloaded until it is needed', Math.max(0, rendered));
  const unloaded = since(begun);
  await sleep(DRIVER_MS);
  const after = await usedMemory();
  const { renderId, accepted } = await animate('480p');
  await life.until(renderId, isDone);
  tell(
    `idle for ${options.idle} s: unloaded after ${unloaded}; the card's memory in use ${before} before, ${after} after;`,
    `the next clip after ${since(accepted)}, ${clipsOf(renderId)}`,
  );
}

async function measureStop() {
  const { renderId } = await animate('720p');
  await untilImagining(renderId);
  const told = performance.now();
  const code = await life.stop('SIGTERM');
  const left = since(told);
  const rendered = life.lines.filter((line) => line.msg === 'Rendered' && line.renderId === renderId);
  await sleep(DRIVER_MS);
  tell(
    `SIGTERM while denoising 720p: exit code ${code} after ${left}, the render under way ended ${rendered.length} time as ${rendered[0]?.outcome};`,
    `the card has ${await usedMemory()} in use`,
  );
}

/** From the terminal: an engine is started, makes one clip and is stopped. */
async function measureCold() {
  await life.stop('SIGTERM');
  const image = join(folder, 'picture.png');
  writeFileSync(image, pictures['480p']);
  const output = join(folder, 'clip.mp4');
  const words = [
    'render',
    '--image',
    image,
    '--prompt',
    'slow zoom in',
    '--output',
    output,
    '--seconds',
    options.seconds,
  ];
  const begun = performance.now();
  const child = spawn(process.execPath, [main, ...words], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] });
  const [code] = await once(child, 'exit');
  const seconds = (performance.now() - begun) / 1000;
  tell(`a clip of 480p with an engine for it alone: ${seconds.toFixed(1)} s (exit code ${code})`);
  if (secondsEach === undefined) return;
  tell(
    `clips in an hour: ${Math.round(3600 / secondsEach)} warm, ${Math.round(3600 / seconds)} with an engine for each, ${(seconds / secondsEach).toFixed(1)} times as many`,
  );
}

/** One life of `animate-bot start`, and a member who follows its page. */
async function startLife(changes) {
  const begun = performance.now();
  const bot = spawn(process.execPath, [main, 'start'], {
    env: { ...environment, ...changes },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(bot, 'exit');
  const lines = [];
  const replies = new Map();
  const headlines = new Map();
  const waiting = new Set();
  const look = () => {
    for (const each of [...waiting]) each();
  };
  const hear = (message) => {
    for (const reply of message.replies) {
      const { renderId, headline } = reply.view;
      replies.set(renderId, reply);
      const said = headlines.get(renderId) ?? [];
      if (said.at(-1) !== headline) headlines.set(renderId, [...said, headline]);
    }
    look();
  };
  createInterface({ input: bot.stdout }).on('line', (text) => {
    process.stderr.write(`${text}\n`);
    lines.push(JSON.parse(text));
    look();
  });
  const when = (find, what) =>
    new Promise((resolve, reject) => {
      const ask = () => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(ask);
        clearTimeout(deadline);
        resolve(found);
      };
      const deadline = setTimeout(() => {
        waiting.delete(ask);
        reject(new Error(`waited in vain for ${what()}`));
      }, GIVE_UP_MS);
      waiting.add(ask);
      ask();
    });
  const said = (msg, from = 0) =>
    when(
      () => lines.slice(from).find((line) => line.msg === msg),
      () => `the log's ${msg}`,
    );

  const { address } = await said('The chat page is ready');
  const page = since(begun);
  const headers = await logIn(pageLink({ ...environment, ...changes }, address));
  const redis = connectRedis(join(socketFolderOf(dataFolder), 'redis.sock'), () => undefined);
  const listening = listen({ address, headers }, hear);
  void said('Engine ready').then(() => tell(`start: page after ${page}, engine ready after ${since(begun)}`));
  return {
    address,
    headers,
    lines,
    said,
    redis,
    pidFile: join(socketFolderOf(dataFolder), 'worker', 'engine-0.pid'),
    headlinesOf: (renderId) => headlines.get(renderId) ?? [],
    replies: () => [...replies.values()],
    until: (renderId, isIt) =>
      when(
        () => {
          const reply = replies.get(renderId);
          return reply && isIt(reply) ? reply : undefined;
        },
        () => JSON.stringify(replies.get(renderId)?.view),
      ),
    async press(renderId, action) {
      await fetch(`${address}/api/renders/${renderId}/press`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ action, eventId: crypto.randomUUID() }),
      });
    },
    async stop(signal) {
      if (bot.exitCode === null && bot.signalCode === null) bot.kill(signal);
      const [code] = await exited;
      redis.disconnect();
      await listening;
      return code;
    },
  };
}

async function listen({ address, headers }, hear) {
  const { messages } = await (await fetch(`${address}/api/channel`, { headers })).json();
  for (const message of messages) hear(message);
  const parser = createParser({
    onEvent({ event, data }) {
      if (event === 'message') hear(JSON.parse(data));
    },
  });
  const decoder = new TextDecoder();
  try {
    const { body } = await fetch(`${address}/api/events`, { headers });
    for await (const chunk of body) parser.feed(decoder.decode(chunk, { stream: true }));
  } catch {
    // That life is over.
  }
}

async function animate(resolution) {
  const form = new FormData();
  form.set('eventId', crypto.randomUUID());
  form.set('text', `/animate slow zoom in seconds:${options.seconds} resolution:${resolution}`);
  form.set('author', 'Bench');
  form.set('picture', new Blob([pictures[resolution]]), 'picture.png');
  const response = await fetch(`${life.address}/api/animate`, { method: 'POST', body: form, headers: life.headers });
  if (response.status !== 202) throw new Error(`Expected 202, got ${response.status}: ${await response.text()}`);
  return { renderId: (await response.json()).renderId, accepted: performance.now() };
}

async function renderOnce(resolution) {
  const { renderId, accepted } = await animate(resolution);
  await life.until(renderId, isDone);
  const took = (performance.now() - accepted) / 1000;
  return { took, headlines: life.headlinesOf(renderId), ...(await outcomeOf(renderId)) };
}

async function outcomeOf(renderId) {
  const { outcome } = await createRecords(life.redis).get(renderId);
  return { ...outcome, stages: Object.values(outcome.result.seconds).reduce((sum, each) => sum + each, 0) };
}

/** From the queue's own events: when each render was taken, when its engine first said something, and when it ended. */
async function leaseTimes(renderIds) {
  const times = new Map(renderIds.map((id) => [id, {}]));
  const events = await life.redis.xrange(`${KEY_PREFIX}:${rendersQueue('480p', 'fast')}:events`, '-', '+');
  for (const [stamp, fields] of events) {
    const { event, jobId } = Object.fromEntries(
      fields.flatMap((_, at) => (at % 2 ? [] : [[fields[at], fields[at + 1]]])),
    );
    const time = times.get(jobId);
    if (!time) continue;
    const at = Number(stamp.split('-')[0]);
    if (event === 'active') time.leased = at;
    if (event === 'progress') time.first ??= at;
    if (event === 'completed') time.ended = at;
  }
  return [...times.values()];
}

function untilImagining(renderId) {
  return life.until(renderId, ({ view }) => view.headline.startsWith('Imagining'));
}

function isDone({ view, clip }) {
  if (view.kind === 'failed') throw new Error(view.detail);
  return view.kind === 'done' && clip !== undefined;
}

function clipsOf(renderId) {
  const clips = life.replies().filter(({ view, clip }) => view.renderId === renderId && clip);
  return `${clips.length} clip, the thread said: ${life.headlinesOf(renderId).join(' > ')}`;
}

/** The one that holds the model. */
function largestEngineProcess() {
  const server = Number(readFileSync(life.pidFile, 'utf8'));
  const processes = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const [, parent] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
        const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
        return [{ pid: Number(pid), parent: Number(parent), bytes: pages * 4096 }];
      } catch {
        return []; // It has just ended.
      }
    });
  const family = new Set([server]);
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const { pid, parent } of processes) if (family.has(parent)) family.add(pid);
  }
  return processes
    .filter(({ pid }) => family.has(pid) && pid !== server)
    .toSorted((one, other) => other.bytes - one.bytes)[0];
}

function watchCard() {
  const seen = [];
  const stopped = new AbortController();
  const watching = (async () => {
    while (!stopped.signal.aborted) {
      seen.push((await findGpus())[0]?.busy ?? Number.NaN);
      await sleep(200, undefined, { signal: stopped.signal }).catch(() => undefined);
    }
  })();
  return {
    async stop() {
      stopped.abort();
      await watching;
      return ((100 * seen.reduce((sum, busy) => sum + busy, 0)) / seen.length).toFixed(0);
    },
  };
}

async function describeCard() {
  const [gpu] = await findGpus();
  return gpu ? `${gpu.name}, driver ${gpu.driver}, ${gpu.temperature} °C, ${await usedMemory()} in use` : 'none';
}

async function usedMemory() {
  const [gpu] = await findGpus();
  return `${((gpu?.usedBytes ?? 0) / 2 ** 20).toFixed(0)} MiB`;
}

async function drawPicture([width, height]) {
  const [columns, rows] = [width / CELL, height / CELL];
  const cells = Buffer.from(Array.from({ length: columns * rows * 3 }, (_, index) => 40 + ((index * 7919) % 176)));
  return sharp(cells, { raw: { width: columns, height: rows, channels: 3 } })
    .resize(width, height, { kernel: 'nearest' })
    .png()
    .toBuffer();
}

function since(begun) {
  return `${((performance.now() - begun) / 1000).toFixed(2)} s`;
}

function tell(...parts) {
  process.stdout.write(`${engine}: ${parts.join(' ')}\n`);
}
