// `npm run bench:slack`: mentions with a picture, ten a second in 50 channels of a stand-in for Slack with Slack's documented rate
// limits; a real bot and a real worker, with an engine that takes no time to speak of. How soon Slack is told that each came,
// what the bot asks of Slack, how often Slack had to refuse, how many clips a minute one workspace takes, and whether every
// clip came, once. `npm run bench:slack -- 50` sends that many; 500 without a number.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root, setUp } from '../setup.mjs';
import { loadSlack } from '../stand-in.mjs';
import { startBot } from './bot.mjs';

const MENTIONS = Number(process.argv[2] ?? 500);
const CHANNELS = 50;
const A_SECOND = 500 / 60;

setUp({ isForDevelopment: true });
const { startSlack } = await loadSlack();

// Slack shares most files within two seconds.
const slack = await startSlack({ limits: {}, shareDelay: 1000 });
const channels = Array.from({ length: CHANNELS }, (_, index) =>
  slack.addChannel({ kind: 'public', hasBot: true, name: `channel-${index}` }),
);
const deliveredAt = [];
let mostMemory = 0;
const bot = startBot(
  { RENDER_SLOTS: '2', ENGINE: 'test_engines.does_as_told:create', ...slack.environment },
  ({ msg }) => {
    if (msg === 'Delivered') deliveredAt.push(performance.now());
  },
);
await bot.said('Connected to Slack');

const picture = readFileSync(join(root, 'test', 'fixtures', 'astronaut.jpg'));
const file = slack.upload(picture, 'astronaut.jpg', 'image/jpeg');
const before = slack.requests.length;
const began = performance.now();
const mentions = [];
for (let number = 0; number < MENTIONS; number += 1) {
  const due = began + (number * 1000) / A_SECOND;
  await sleep(Math.max(0, due - performance.now()));
  const member = { id: `U0MEMBER${String(number).padStart(4, '0')}`, name: `Member ${number}` };
  slack.world.members.set(member.id, member);
  const channel = channels[number % CHANNELS];
  mentions.push(slack.mention(`number ${number} seconds:1`, { files: [file], member, channel }));
}
while (deliveredAt.length < MENTIONS) {
  await sleep(500);
  mostMemory = Math.max(mostMemory, memoryOf(bot.pid));
}
const seconds = (performance.now() - began) / 1000;

const acknowledged = mentions.map(({ acknowledgedAfter }) => acknowledgedAfter ?? Number.POSITIVE_INFINITY);
const sorted = acknowledged.sort((one, other) => one - other);
const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(0);
const messagesUnder = ({ message }) => slack.messagesIn(message.channel, message.ts);
const isClip = ({ files }) => files.some(({ name }) => name.endsWith('.mp4'));
const isEnd = ({ blocks }) => JSON.stringify(blocks).includes('render_again');
const once = mentions.filter((mention) => messagesUnder(mention).filter(isClip).length === 1).length;
const ended = mentions.filter((mention) => messagesUnder(mention).some(isEnd)).length;
const sent = slack.requests.slice(before);
const counts = Object.entries(countBy(sent))
  .map(([method, count]) => `${method} ${(count / MENTIONS).toFixed(1)}`)
  .join(', ');
const perMinute = Math.max(
  ...deliveredAt.map((from) => deliveredAt.filter((each) => each >= from && each < from + 60_000).length),
);
const say = (line) => process.stdout.write(`${line}\n`);
say(`${MENTIONS} mentions in ${(MENTIONS / A_SECOND).toFixed(0)} s, ${CHANNELS} channels, as many members`);
say(`acknowledged: median ${at(0.5)} ms, p99 ${at(0.99)} ms, slowest ${at(1)} ms`);
say(`requests: ${sent.length}, ${(sent.length / MENTIONS).toFixed(1)} for each mention (${counts})`);
say(`refused with 429: ${slack.refusedForRate}; faults: ${slack.faults.length}; memory of the bot: ${mostMemory} MiB`);
say(`clips delivered exactly once: ${once} of ${MENTIONS}; status messages that say so: ${ended}`);
say(`the last after ${seconds.toFixed(0)} s; at most ${perMinute} in a minute`);
await bot.stop();
await slack.close();

function memoryOf(pid) {
  const [, kibibytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Math.round(Number(kibibytes) / 1024);
}

function countBy(requests) {
  const counts = {};
  for (const { method } of requests) counts[method] = (counts[method] ?? 0) + 1;
  return counts;
}
