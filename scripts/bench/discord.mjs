// `npm run bench:discord`: 500 commands in a minute, in 50 channels (or `-- --channels 1`) of a stand-in for Discord with
// Discord's documented rate limits; a real bot and a real worker, with an engine that takes no time to speak of. How long a member waits for the
// acknowledgement, how often Discord had to refuse us, and whether every clip came, once.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { root, setUp } from '../setup.mjs';
import { loadDiscord } from '../stand-in.mjs';
import { startBot } from './bot.mjs';

const COMMANDS = 500;
const WITHIN_MS = 60_000;
const { values } = parseArgs({ options: { channels: { type: 'string', default: '50' } } });
const CHANNELS = Number(values.channels);

setUp({ isForDevelopment: true });
const { startDiscord, GUILD_ID } = await loadDiscord();

const discord = await startDiscord();
const channels = Array.from({ length: CHANNELS }, (_, index) =>
  discord.world.addChannel({ type: 0, name: `channel-${index}`, guild: GUILD_ID }),
);
let delivered = 0;
const bot = startBot(
  { RENDER_SLOTS: '2', ENGINE: 'test_engines.does_as_told:create', ...discord.environment },
  ({ msg }) => {
    if (msg === 'Delivered') delivered += 1;
  },
);
await bot.said('Connected to Discord');

const picture = readFileSync(join(root, 'test', 'fixtures', 'astronaut.jpg'));
const file = discord.upload(picture, 'astronaut.jpg', 'image/jpeg');
const before = discord.requests.length;
const began = performance.now();
const commands = [];
for (let number = 0; number < COMMANDS; number += 1) {
  const due = began + (number * WITHIN_MS) / COMMANDS;
  await sleep(Math.max(0, due - performance.now()));
  const member = { id: String(500_000_000_000_000_000n + BigInt(number)), name: `Member ${number}` };
  commands.push(
    discord.animate(file, { prompt: `number ${number}`, seconds: 1 }, { member, channel: channels[number % CHANNELS] }),
  );
}
while (delivered < COMMANDS) await sleep(200);
const seconds = (performance.now() - began) / 1000;

const acknowledged = commands.map(({ acknowledgedAfter }) => acknowledgedAfter ?? Number.POSITIVE_INFINITY);
const at = (figures, share) => {
  const sorted = figures.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
};
const ms = (share) => at(acknowledged, share).toFixed(0);
const hasClip = ({ files }) => files.some(({ name }) => name.endsWith('.mp4'));
// In its thread, or in the answer itself.
const clipsOf = ({ original }) =>
  [...discord.world.messages.values()].filter(
    (message) => (message.channel === original || message.id === original) && hasClip(message),
  ).length;
const once = commands.filter((command) => clipsOf(command) === 1).length;
const threads = commands.filter(({ original }) => discord.world.channels.has(original)).length;
const waits = commands.map(({ original, sentAt }) => {
  const all = [...discord.world.messages.values()];
  const message = all.find((each) => (each.channel === original || each.id === original) && hasClip(each));
  return (message?.edits.at(-1)?.at ?? Number.POSITIVE_INFINITY) - sentAt;
});
const sent = discord.requests.length - before;
process.stdout.write(`${COMMANDS} commands in ${WITHIN_MS / 1000} s, ${CHANNELS} channels\n`);
process.stdout.write(`acknowledged: median ${ms(0.5)} ms, p99 ${ms(0.99)} ms, slowest ${ms(1)} ms\n`);
process.stdout.write(
  `requests: ${sent}, ${(sent / COMMANDS).toFixed(1)} for each command; refused with 429: ${discord.refusedForRate}\n`,
);
process.stdout.write(`clips delivered exactly once: ${once} of ${COMMANDS}; the last after ${seconds.toFixed(0)} s\n`);
const [median, slowest] = [0.5, 0.99].map((share) => (at(waits, share) / 1000).toFixed(1));
process.stdout.write(`in a thread: ${threads}; command to clip: median ${median} s, p99 ${slowest} s\n`);
await bot.stop();
await discord.close();
process.exit(once === COMMANDS && discord.refusedForRate === 0 ? 0 : 1);
