// Answers that are not Discord's own, and what becomes of the bot's token and of acknowledgements.
import { DiscordAPIError, type REST, Routes } from 'discord.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ForeignAnswer, readAnswer, TokenRefused } from '../../../src/bots/discord/answers.ts';
import { createDiscordRest } from '../../../src/bots/discord/client.ts';
import { createMessages, isRefusedForGood } from '../../../src/bots/discord/messages.ts';
import { APPLICATION_ID, type Discord, startDiscord } from '../../fakes/discord/discord.ts';

const PAGE = '<!DOCTYPE html><html><body>error code: 1015</body></html>';

let discord: Discord;
let rest: REST;
let tokens: boolean[];

beforeEach(async () => {
  discord = await startDiscord({ allowance: { requests: 1000, perMs: 1000 } });
  tokens = [];
  const onToken = (isRefused: boolean) => void tokens.push(isRefused);
  rest = createDiscordRest({ token: discord.token, apiUrl: `${discord.url}/api`, onToken });
});
afterEach(() => discord.close());

const send = () => createMessages(rest).create(discord.garden.id, 'once', { content: 'hello' });
const MESSAGES = { method: 'POST', path: /\/messages$/ };

test.each([
  [403, undefined],
  [404, undefined],
  [200, undefined],
  [403, 'application/json'],
  [302, undefined],
])('a page with %i (said to be %s) is an outage, and nobody’s refusal', async (status, type) => {
  const headers = { ...(type && { 'content-type': type }), ...(status === 302 && { location: '/elsewhere' }) };
  discord.trouble({ ...MESSAGES, status, page: PAGE, headers, times: 1 });
  const error = await send().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ForeignAnswer);
  expect(isRefusedForGood(error)).toBe(false);
  await send();
  expect(discord.world.messagesIn(discord.garden.id)).toHaveLength(1);
});

test('what Discord itself refuses stays its refusal', async () => {
  discord.trouble({ ...MESSAGES, status: 403, code: 50013, times: 1 });
  const error = await send().catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(DiscordAPIError);
  expect(isRefusedForGood(error)).toBe(true);
});

test.each([
  ['a page', PAGE, 60, 'true'],
  ['JSON without a time', '{"message":"You are being rate limited."}', 5, null],
  ['JSON with a time', '{"message":"You are being rate limited.","retry_after":2.5}', 2.5, null],
])('a 429 as %s that says nothing of when waits all the same', async (_what, body, seconds, global) => {
  const answer = await readAnswer(new Response(body, { status: 429 }), { isOfBot: true });
  expect(Number(answer.headers.get('retry-after'))).toBe(seconds);
  expect(answer.headers.get('x-ratelimit-global')).toBe(global);
});

test('a 429 that tells its time keeps it', async () => {
  const answer = await readAnswer(new Response('{}', { status: 429, headers: { 'retry-after': '7' } }), {
    isOfBot: true,
  });
  expect(answer.headers.get('retry-after')).toBe('7');
});

test('a page with 429 is not asked again at once', async () => {
  discord.trouble({ ...MESSAGES, status: 429, page: PAGE, times: 99 });
  const asked = () => discord.requests.filter(({ method }) => method === 'POST').length;
  const limited = new Promise((resolve) => rest.once('rateLimited', resolve));
  void send().catch(() => undefined);
  expect(await limited).toMatchObject({ global: true });
  expect(asked()).toBe(1);
});

test.each([
  [401, 0],
  [401, 60003],
])('one %i (%i) does not take the token away', async (status, code) => {
  discord.trouble({ ...MESSAGES, status, code, times: 1 });
  await expect(send()).rejects.toBeInstanceOf(TokenRefused);
  await send();
  expect(discord.world.messagesIn(discord.garden.id)).toHaveLength(1);
  expect(tokens).toEqual([true, false]);
});

test('the end of an interaction’s token says nothing of the bot’s', async () => {
  const route = Routes.webhookMessage(APPLICATION_ID, 'ended', '@original');
  await expect(rest.patch(route, { body: { content: 'x' }, auth: false })).rejects.toBeInstanceOf(DiscordAPIError);
  expect(tokens).toEqual([]);
});

test.each(['reset', 'lost', 'cut'] as const)(
  'a connection that is %s in the middle is tried again at once',
  async (status) => {
    discord.trouble({ ...MESSAGES, status, times: 2 });
    await send();
    expect(discord.world.messagesIn(discord.garden.id)).toHaveLength(1);
  },
);

const acknowledge = (id: string, token: string) =>
  rest.post(Routes.interactionCallback(id, token), { body: { type: 4, data: { content: 'On its way' } }, auth: false });

test.each([
  ['is reset', { status: 'reset' as const }],
  ['loses its answer', { status: 'lost' as const }],
  ['meets a page', { status: 403, page: PAGE }],
])('an acknowledgement whose connection %s arrives all the same, once', async (_what, trouble) => {
  const command = discord.animate(Buffer.from('x'));
  discord.trouble({ method: 'POST', path: /\/callback/, ...trouble, times: 1 });
  await acknowledge(command.id, command.token);
  expect(command.acknowledgedAfter).toBeLessThan(3000);
  expect(discord.answersTo(command)).toHaveLength(1);
});

test('an acknowledgement that another one was before is refused', async () => {
  const command = discord.animate(Buffer.from('x'));
  await acknowledge(command.id, command.token);
  await expect(acknowledge(command.id, command.token)).rejects.toMatchObject({ code: 40060 });
});
