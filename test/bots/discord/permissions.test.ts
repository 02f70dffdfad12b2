// Each permission taken away, in each kind of place, from the start or after the command: the clip comes to its member, or they are
// told what is missing; it is uploaded twice at most, and nothing goes on for ever.
import { ChannelType, PermissionFlagsBits as P } from 'discord.js';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { MessageRef } from '../../../src/bots/platform.ts';
import {
  type Discord,
  EPHEMERAL,
  EVERY_PERMISSION,
  type FakeChannel,
  type FakeInteraction,
  type FakeMember,
  type FakeMessage,
  GUILD_ID,
} from '../../fakes/discord/discord.ts';
import { view } from '../web/fixtures.ts';
import { clipOf, createStarted, doneView, removedView, type Started } from './started.ts';

const PICTURE = Buffer.from('a picture');
const MAX_UPLOADS = 2;
const MAX_TRIES = 5;
const ALL = EVERY_PERMISSION | P.EmbedLinks;

const PERMISSIONS: [string, bigint][] = [
  ['View Channel', P.ViewChannel],
  ['Send Messages', P.SendMessages],
  ['Send Messages in Threads', P.SendMessagesInThreads],
  ['Create Public Threads', P.CreatePublicThreads],
  ['Attach Files', P.AttachFiles],
  ['Embed Links', P.EmbedLinks],
  ['Read Message History', P.ReadMessageHistory],
];
const PLACES: [string, (permissions: bigint) => FakeChannel][] = [
  ['a text channel', (permissions) => add(ChannelType.GuildText, { permissions })],
  ['a thread', (permissions) => add(ChannelType.PublicThread, { permissions, parent: add(ChannelType.GuildText).id })],
  ['an announcement channel', (permissions) => add(ChannelType.GuildAnnouncement, { permissions })],
  [
    'a forum post',
    (permissions) => add(ChannelType.PublicThread, { permissions, parent: add(ChannelType.GuildForum).id }),
  ],
  ['a voice channel', (permissions) => add(ChannelType.GuildVoice, { permissions })],
];

let started: Started;
let discord: Discord;
let member: FakeMember;

beforeAll(async () => {
  started = await createStarted({ allowance: { requests: 1000, perMs: 1000 } });
  ({ discord } = started);
  await started.start();
  started.script.onPress = async ({ action, open }) => {
    if (action === 'delete') return 'Deleted.';
    started.script.refs.push(await open(view({ renderId: `press-${started.script.refs.length}` })));
    discord.world.tell();
    return '';
  };
});
afterAll(() => started.stop());
beforeEach(() => {
  member = { id: discord.world.newId(), name: 'Ada' };
});

function add(type: ChannelType, more: Partial<FakeChannel> = {}): FakeChannel {
  return discord.world.addChannel({ type, name: 'a place', guild: GUILD_ID, ...more });
}

const hasClip = ({ files }: FakeMessage): boolean => files.some(({ name }) => name.endsWith('.mp4'));
const isPrivate = ({ flags }: FakeMessage): boolean => (flags & EPHEMERAL) !== 0;
const isPromise = ({ content, isLoading }: FakeMessage): boolean => isLoading || content.startsWith('**On its way**');
const saidTo = (command: FakeInteraction) =>
  discord.answersTo(command).find((message) => isPrivate(message) && !isPromise(message))?.content;

/** The message that it opens, or the sentence that its member reads instead. */
async function outcomeOf(asked: FakeInteraction, before: number): Promise<MessageRef | string> {
  return discord.until(() => started.script.refs[before] ?? (saidTo(asked) || undefined));
}

/** Brings a clip as often as the bot would, and expects that it comes to an end and to its member. */
async function bring(ref: MessageRef, renderId: string): Promise<void> {
  const before = started.uploads().length;
  for (let tries = 1; ; tries += 1) {
    const error = await started.platform.deliver(ref, doneView(renderId), clipOf(renderId)).catch((reason) => reason);
    if (error === undefined) break;
    if (tries === MAX_TRIES) throw error;
  }
  expect(started.uploads().length - before).toBeLessThanOrEqual(MAX_UPLOADS);
  const places = [ref.channel, discord.world.directChannelOf(member.id).id];
  const clips = places.flatMap((place) => discord.world.messagesIn(place)).filter(hasClip);
  expect(clips.flatMap(({ files }) => files).filter(({ name }) => name === `${renderId}.mp4`)).toHaveLength(1);
}

/** What its message says at last: where the bot can change it, never that it goes on. */
function expectNothingGoesOn(ref: MessageRef, isReachable: boolean): void {
  const message = discord.world.messages.get(ref.message);
  if (isReachable) expect(message?.content).not.toContain('1st in line');
}

const stories = PLACES.flatMap(([where, at]) =>
  PERMISSIONS.flatMap(([name, flag]) =>
    [false, true].map((isLater) => ({ where, at, name, flag, isLater, when: isLater ? 'after' : 'before' })),
  ),
);

test.each(stories)(
  'in $where, without $name since $when the command, its member gets the clip or the reason',
  async ({ at, name, flag, isLater }) => {
    const channel = at(isLater ? ALL : ALL & ~flag);
    const first = discord.requests.length;
    const before = started.script.refs.length;
    const command = discord.animate(PICTURE, {}, { channel, member });
    const opened = await outcomeOf(command, before);
    if (typeof opened === 'string') {
      expect(opened).toContain(`**${name}**`);
      expect(isLater).toBe(false);
      return;
    }
    for (const each of discord.world.channels.values()) {
      if (each.id === channel.id || each.parent === channel.id) each.permissions = ALL & ~flag;
    }
    await bring(opened, `clip-${opened.message}`);
    expectNothingGoesOn(opened, flag !== P.ViewChannel);

    const status = discord.world.messages.get(opened.message);
    if (!status) throw new Error('There is no status message');
    for (const action of ['again', 'larger']) {
      const count = started.script.refs.length;
      const press = discord.pressById(status, `${action}:web-1`, { member });
      const beside = await outcomeOf(press, count);
      if (typeof beside === 'string') expect(beside).toContain(`**${name}**`);
      else await bring(beside, `clip-${beside.message}`);
    }
    const removal = discord.pressById(status, 'delete:web-1', { member });
    expect(await discord.told(removal)).toBe('Deleted.');
    await started.platform.update(opened, removedView('web-1'));
    expect(discord.world.messages.has(status.id)).toBe(false);
    expect(discord.requests.length - first).toBeLessThan(80);
    expect(started.errors()).toEqual([]);
    expect(discord.faults).toEqual([]);
  },
);
