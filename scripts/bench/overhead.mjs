// `npm run bench:overhead`: what the bot adds to a render: from the accepted command to the clip in the thread, less the
// engine's time, for 30 renders through the page's server with a warm engine. The engine's time is read from the render's
// record: as the engine counts it (its stages, to the millisecond), and for how long the worker held it (its lease).
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createParser } from 'eventsource-parser';
import { logIn, pageLink } from '../page-link.mjs';
import { root, setUp } from '../setup.mjs';
import { startBot } from './bot.mjs';

const RENDERS = 30;

setUp();
const { connectRedis } = await import('../../dist/queue/redis.js');
const { createRecords } = await import('../../dist/queue/records.js');
const { socketFolderOf } = await import('../../dist/socket-folder.js');

const bot = startBot({ RENDER_SLOTS: '1' });
const { address } = await bot.said('The chat page is ready');
const headers = await logIn(pageLink(bot.env, address));

const redis = connectRedis(join(socketFolderOf(bot.dataFolder), 'redis.sock'), () => undefined);
const records = createRecords(redis);
const waiting = new Map();
listen();
const picture = new Blob([readFileSync(join(root, 'test', 'fixtures', 'astronaut.jpg'))]);
const measured = [];
for (let index = 0; index <= RENDERS; index += 1) {
  const times = await renderOnce(index);
  // The first one waits for the engine to load.
  if (index > 0) measured.push(times);
}
process.stdout.write(`${RENDERS} renders of 480p, 1 s\n`);
tell("the engine's stages", ({ stages }) => stages);
tell('from accepted to delivered, less the stages', ({ accepted, delivered, stages }) => delivered - accepted - stages);
tell('from accepted to delivered, less the lease', ({ accepted, delivered, lease }) => delivered - accepted - lease);
// With the upload and the picture's check, which a command is accepted after.
tell('from sent to delivered, less the stages', ({ sent, delivered, stages }) => delivered - sent - stages);
redis.disconnect();
await bot.stop();
process.exit(0);

async function renderOnce(index) {
  const form = new FormData();
  form.set('eventId', `bench-${index}`);
  form.set('text', '/animate slow zoom in seconds:1');
  form.set('author', 'Bench');
  form.set('picture', picture, 'astronaut.jpg');
  const delivered = new Promise((resolve) => waiting.set(`web-bench-${index}`, resolve));
  const sent = performance.now();
  const response = await fetch(`${address}/api/animate`, { method: 'POST', body: form, headers });
  if (response.status !== 202) throw new Error(`Expected 202, got ${response.status}`);
  const accepted = performance.now();
  const deliveredAt = await delivered;
  const { outcome } = await records.get(`web-bench-${index}`);
  const stages = Object.values(outcome.result.seconds).reduce((sum, seconds) => sum + seconds, 0) * 1000;
  return { sent, accepted, delivered: deliveredAt, stages, lease: outcome.engineSeconds * 1000 };
}

function tell(name, pick) {
  const sorted = measured.map(pick).sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(0);
  process.stdout.write(`${name}: median ${at(0.5)} ms, p95 ${at(0.95)} ms\n`);
}

async function listen() {
  const { body } = await fetch(`${address}/api/events`, { headers });
  const parser = createParser({
    onEvent({ event, data }) {
      if (event !== 'message') return;
      for (const { view, clip } of JSON.parse(data).replies) {
        if (clip) waiting.get(view.renderId)?.(performance.now());
      }
    },
  });
  const decoder = new TextDecoder();
  try {
    for await (const chunk of body) parser.feed(decoder.decode(chunk, { stream: true }));
  } catch {
    // The server ended the stream because the benchmark is over.
  }
}
