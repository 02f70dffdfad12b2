// Events with fields that are absent, null or of another kind: the bot goes on, and whoever used it is answered.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { UserError } from '../../../src/errors.ts';
import { ADA, type Discord, type FakeInteraction } from '../../fakes/discord/discord.ts';
import { createStarted, type Started } from './started.ts';

const PICTURE = Buffer.from('a picture');
/** Without these nobody can be answered. */
const NEEDED = ['id', 'token', 'type', 'application_id', 'version'];

let started: Started;
let discord: Discord;

beforeAll(async () => {
  started = await createStarted();
  ({ discord } = started);
  await started.start();
  // An event that is taken all the same is told no: nothing piles up.
  started.script.onAnimate = () => Promise.reject(new UserError('picture_broken', 'That picture is broken.'));
});
afterAll(() => started.stop());

type Event = Record<string, unknown>;
type Change = [string, (value: unknown) => unknown];
const ABSENT = Symbol('absent');
const CHANGES: Change[] = [
  ['absent', () => ABSENT],
  ['null', () => null],
  ['a number', () => 7],
];

/** Every field of an event, to a depth at which the ids of things are reached, as the way to it. */
function waysOf(value: unknown, depth = 4, way: string[] = []): string[][] {
  if (depth === 0 || typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => {
    if (way.length === 0 && NEEDED.includes(name)) return [];
    return [[...way, name], ...waysOf(inner, depth - 1, [...way, name])];
  });
}

function withChanged(value: unknown, [name, ...rest]: string[], change: Change[1]): unknown {
  if (name === undefined || typeof value !== 'object' || value === null) return value;
  const old = (value as Event)[name];
  const next = rest.length === 0 ? change(old) : withChanged(old, rest, change);
  if (Array.isArray(value))
    return value.flatMap((each, index) => (String(index) !== name ? [each] : next === ABSENT ? [] : [next]));
  const { [name]: _, ...others } = value as Event;
  return next === ABSENT ? others : { ...others, [name]: next };
}

const isAnswered = (interaction: FakeInteraction) => interaction.acknowledgedAfter !== undefined;

const SENT: Record<string, (alter?: (event: Event) => Event) => FakeInteraction | Promise<FakeInteraction>> = {
  'a command': (alter) => discord.animate(PICTURE, {}, { ...(alter && { alter }) }),
  'a menu of a message': (alter) => discord.menu(discord.post([discord.upload(PICTURE)]), { ...(alter && { alter }) }),
  'a menu of a member': (alter) => discord.memberMenu('abcdef0123456789', { ...(alter && { alter }) }),
  'a press': (alter) => discord.pressById(discord.post([]), 'again:web-1', { ...(alter && { alter }) }),
  'a form': async (alter) => {
    const menu = discord.menu(discord.post([discord.upload(PICTURE)]));
    await discord.until(() => menu.modal);
    return discord.submit(menu, { prompt: 'it waves' }, { ...(alter && { alter }) });
  },
  'an admin’s command': (alter) => discord.administer('health', { member: ADA, ...(alter && { alter }) }),
};

test.each(Object.keys(SENT))(
  '%s with any one field broken is answered, and the next one is taken',
  async (what) => {
    const send = SENT[what];
    if (!send) throw new Error('There is no such event');
    let whole: Event = {};
    await send((event) => {
      whole = event;
      return event;
    });
    const silent: string[] = [];
    for (const way of waysOf(whole)) {
      const answered = CHANGES.map(async ([kind, change]) => {
        const sent = await send((event) => withChanged(event, way, change) as Event);
        await discord.until(() => isAnswered(sent), 60_000).catch(() => silent.push(`${way.join('.')} ${kind}`));
      });
      await Promise.all(answered);
    }
    expect(silent).toEqual([]);
  },
  600_000,
);
