// The rehearsal on the stand-in, which keeps Discord's rules, and with each rule taken away in turn.
import { PermissionFlagsBits } from 'discord.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ASSUMPTIONS } from '../../../src/bots/discord/rehearsal/assumptions.ts';
import { rehearseOnDiscord } from '../../../src/bots/discord/rehearsal/rehearse.ts';
import type { RehearsalResult } from '../../../src/bots/rehearsal.ts';
import { STRAIGHT } from '../../../src/outgoing.ts';
import { type Discord, EVERY_PERMISSION, type Rule, startDiscord } from '../../fakes/discord/discord.ts';

/** So many that only what a test is about is waited for. */
const MANY = { requests: 1000, perMs: 1000 };

let discord: Discord;

beforeEach(async () => {
  discord = await startDiscord({ allowance: MANY });
});
afterEach(() => discord.close());

const play = (given: { channel?: string; signal?: AbortSignal; tell?: (id: string) => void } = {}) =>
  rehearseOnDiscord({
    ...{ token: discord.token, guild: undefined, apiUrl: `${discord.url}/api`, outgoing: STRAIGHT },
    channel: given.channel ?? discord.garden.id,
    signal: given.signal ?? new AbortController().signal,
    tell: ({ id }) => given.tell?.(id),
    pause: async () => undefined,
  });

const idsThat = ({ tried }: RehearsalResult, verdict: string): string[] =>
  tried.filter(({ outcome }) => outcome.verdict === verdict).map(({ id }) => id);

const ALL = ASSUMPTIONS.map(({ id }) => id);
const THREAD_LEFT = /^the thread \(archived; .*\): Discord refused it: Missing Permissions \(50013\)$/;

test('where every rule holds it says so, pings nobody, and leaves nothing but the archived thread', async () => {
  const told: string[] = [];
  const result = await play({ tell: (id) => void told.push(id) });
  expect(result.tried.map(({ id }) => id)).toEqual(ALL);
  expect(told).toEqual(ALL);
  expect(idsThat(result, 'does not hold')).toEqual([]);
  expect(idsThat(result, 'could not be seen')).toEqual(['private']);
  expect(result.left).toEqual([expect.stringMatching(THREAD_LEFT)]);
  expect([...discord.world.messages.values()]).toEqual([]);
  expect([...discord.world.channels.values()].filter(({ parent }) => parent !== undefined)).toMatchObject([
    { isArchived: true },
  ]);
  expect(discord.faults).toEqual([]);
});

test('who may manage threads finds nothing left at all', async () => {
  discord.garden.permissions = EVERY_PERMISSION | PermissionFlagsBits.ManageThreads;
  expect((await play()).left).toEqual([]);
  expect([...discord.world.channels.values()]).toEqual([discord.garden]);
});

test.each<[Rule, string[]]>([
  ['descriptions', ['message', 'edit-with-file']],
  ['nonces', ['once']],
  ['thread-ids', ['thread', 'thread-once']],
  ['one-thread', ['thread-once']],
  ['components', ['buttons', 'found', 'edit']],
  ['edited-words', ['edit', 'archive']],
  ['edited-files', ['edit-with-file', 'edit-replaces']],
  ['unlisted-files', ['edit-replaces']],
  ['sizes', ['size']],
  ['silence', ['silent']],
  ['mentions', ['mention']],
  ['archives', ['archive']],
  ['deletions', ['deletion']],
])('without the rule of %s, %j do not hold, and all else does', async (rule, broken) => {
  discord.world.broken.add(rule);
  const result = await play();
  expect(idsThat(result, 'does not hold')).toEqual(broken);
  expect(idsThat(result, 'could not be seen')).toEqual(['private']);
  for (const { outcome } of result.tried) {
    if (outcome.verdict !== 'holds') expect(outcome.because).toMatch(/\w/);
  }
});

test('without Read Message History the message is not found, and the mention is no reply', async () => {
  discord.garden.permissions = EVERY_PERMISSION & ~PermissionFlagsBits.ReadMessageHistory;
  expect(idsThat(await play(), 'does not hold')).toEqual(['found', 'mention']);
});

test('a service that is slower than the bot is told with the waits', async () => {
  await discord.close();
  discord = await startDiscord({ allowance: { requests: 3, perMs: 1000 } });
  const { tried } = await play();
  expect(tried.find(({ id }) => id === 'pace')?.outcome).toMatchObject({
    verdict: 'does not hold',
    because: expect.stringMatching(/^it made the bot wait \d+ times$/),
  });
});

test('a server whose boosts allow larger files is expected to take one', async () => {
  discord.world.boosts = 2;
  expect(idsThat(await play(), 'does not hold')).toEqual([]);
  discord.world.sizeLimit = 1000;
  const { tried } = await play();
  expect(tried.find(({ id }) => id === 'size')?.outcome).toEqual({
    verdict: 'does not hold',
    because: 'a server of tier 2 refused it',
  });
});

test('what a refused thread keeps from being tried could not be seen, and the message goes', async () => {
  discord.trouble({ method: 'POST', path: /\/threads$/, status: 400, code: 50024, times: 1 });
  const result = await play();
  expect(idsThat(result, 'does not hold')).toEqual(['thread']);
  expect(result.tried.find(({ id }) => id === 'thread')?.outcome).toMatchObject({
    because: 'Discord refused it: Trouble (50024)',
  });
  expect(idsThat(result, 'holds')).toEqual(['message', 'once']);
  expect([...discord.world.messages.values()]).toEqual([]);
  expect(result.left).toEqual([]);
});

test('stopped half way, it tries nothing more and removes what it made', async () => {
  const stopping = new AbortController();
  const result = await play({ signal: stopping.signal, tell: (id) => void (id === 'edit' && stopping.abort()) });
  const stoppedAt = ALL.indexOf('edit') + 1;
  expect(idsThat(result, 'holds')).toEqual(ALL.slice(0, stoppedAt));
  expect(idsThat(result, 'could not be seen')).toEqual(ALL.slice(stoppedAt));
  expect([...discord.world.messages.values()]).toEqual([]);
});

test('what cannot be removed is named', async () => {
  discord.trouble({ method: 'DELETE', path: /\/messages\//, status: 403, code: 50001, times: 1000 });
  const { left } = await play();
  expect(left).toContain('the message in the channel: Discord refused it: Trouble (50001)');
});

test('a channel that is not there is told, and a token that is refused', async () => {
  const result = await play({ channel: '123456789012345678' });
  expect(result.tried[0]?.outcome).toEqual({
    verdict: 'does not hold',
    because: 'Discord refused it: Unknown Channel (10003)',
  });
  const wrong = { token: 'a.wrong.token', guild: undefined, apiUrl: `${discord.url}/api`, outgoing: STRAIGHT };
  const playing = rehearseOnDiscord({
    ...{ ...wrong, channel: discord.garden.id, signal: new AbortController().signal },
    tell: () => undefined,
  });
  await expect(playing).rejects.toMatchObject({ code: 'setup_missing' });
});
