// `npm run bench:overhead`: what the bot adds to a render: from the accepted command to the clip in the thread, less the
// engine's own time, for 30 renders through the page's server with a warm engine.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { createParser } from 'eventsource-parser';
import { root, setUp } from '../setup.mjs';

const RENDERS = 30;

setUp();
const folder = mkdtempSync(join(tmpdir(), 'animate-bench-'));
const bot = spawn(process.execPath, [join(root, 'dist', 'main.js'), 'start'], {
  env: {
    PATH: process.env.PATH,
    DATA_FOLDER: join(folder, 'data'),
    WEB_PORT: '0',
    LOG_FORMAT: 'json',
    RENDER_SLOTS: '1',
  },
  stdio: ['ignore', 'pipe', 'ignore'],
});
const lines = createInterface({ input: bot.stdout });
const address = await said(({ msg }) => msg === 'The chat page is ready').then((line) => line.address);

const waiting = new Map();
listen();
const picture = new Blob([readFileSync(join(root, 'test', 'fixtures', 'astronaut.jpg'))]);
const overheads = [];
for (let index = 0; index <= RENDERS; index += 1) {
  const overhead = await renderOnce(index);
  // The first one waits for the engine to load.
  if (index > 0) overheads.push(overhead);
}
overheads.sort((a, b) => a - b);
const at = (share) => overheads[Math.min(overheads.length - 1, Math.floor(share * overheads.length))];
process.stdout.write(
  `${RENDERS} renders of 480p, 1 s: overhead median ${at(0.5).toFixed(0)} ms, p95 ${at(0.95).toFixed(0)} ms\n`,
);
bot.kill('SIGINT');
await new Promise((resolve) => bot.once('exit', resolve));
rmSync(folder, { recursive: true, force: true });
process.exit(0);

async function renderOnce(index) {
  const form = new FormData();
  form.set('eventId', `bench-${index}`);
  form.set('text', '/animate slow zoom in seconds:1');
  form.set('author', 'Bench');
  form.set('picture', picture, 'astronaut.jpg');
  const delivered = new Promise((resolve) => waiting.set(`web-bench-${index}`, resolve));
  const response = await fetch(`${address}/api/animate`, { method: 'POST', body: form });
  if (response.status !== 202) throw new Error(`Expected 202, got ${response.status}`);
  const accepted = performance.now();
  const { view, at: deliveredAt } = await delivered;
  const took = view.facts.find(({ label }) => label === 'Took').value;
  const engineMs = Number(/([\d.]+) s of it rendering/.exec(took)[1]) * 1000;
  return deliveredAt - accepted - engineMs;
}

async function listen() {
  const { body } = await fetch(`${address}/api/events`);
  const parser = createParser({
    onEvent({ event, data }) {
      if (event !== 'message') return;
      for (const { view, clip } of JSON.parse(data).replies) {
        if (clip) waiting.get(view.renderId)?.({ view, at: performance.now() });
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

function said(isIt) {
  return new Promise((resolve) => {
    lines.on('line', (text) => {
      const line = JSON.parse(text);
      if (isIt(line)) resolve(line);
    });
  });
}
