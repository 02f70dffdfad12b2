// How fast the bot sends with its own token, whatever it has to send.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createDiscordRest } from '../../../src/bots/discord/client.ts';
import { createMessages } from '../../../src/bots/discord/messages.ts';
import { type Discord, startDiscord } from '../../fakes/discord/discord.ts';

let discord: Discord;
beforeEach(async () => {
  // Only the allowance of the whole bot counts here.
  discord = await startDiscord({ allowance: { requests: 1000, perMs: 1000 } });
});
afterEach(() => discord.close());

const rest = () => createDiscordRest({ token: discord.token, apiUrl: `${discord.url}/api` });

test('no second of any beginning has more requests than Discord allows', async () => {
  const messages = createMessages(rest());
  await Promise.all(Array.from({ length: 150 }, (_, index) => messages.openDirect(`30000000000000${1000 + index}`)));
  const times = discord.requests.map(({ at }) => at);
  const most = Math.max(...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length));
  expect(most).toBeLessThanOrEqual(50);
  expect(discord.refusedForRate).toBe(0);
});
