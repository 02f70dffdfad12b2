// Who may ask for what: the words, the pictures, the clips, the strikes and blocks that follow, and the text to accept first.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Classifier } from '../../src/moderation/classifier.ts';
import { GRACE, PICTURE, startTestBot, type TestBotOptions } from '../fakes/bot.ts';
import { ADA } from '../fakes/platform.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

const HOUR_MS = 3600 * 1000;
const CANARY = 'xylophoning';

let server: TestRedis;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(() => server.stop());

const start = (options?: TestBotOptions) => startTestBot(server, options);
const looking = (allows: (picture: string) => boolean): Classifier => ({
  allows: async (pictures) => pictures.every((picture) => allows(picture.toString())),
});

test('forbidden words are refused wherever they stand, and nothing is kept of them', async () => {
  await using bot = await start();
  await bot.administer({ verb: 'words', entry: CANARY });
  const commands = [
    { text: `she is ${CANARY}` },
    { text: `she smiles negative:"${CANARY.toUpperCase()}"` },
    { text: 'she smiles', picture: { ...PICTURE, filename: `my ${CANARY}.png` } },
    { text: 'a nude child' },
  ];
  for (const [index, command] of commands.entries()) {
    const member = { id: `m${index}`, name: 'M' };
    const told = await bot.platform.animate({ picture: PICTURE, ...command, member });
    expect(told).toEqual({ refused: expect.stringMatching(/^I can't animate that here\./) });
  }
  expect(bot.platform.messages()).toEqual([]);
  expect(bot.logged()).toContain('Refused');
  expect(bot.logged()).not.toMatch(new RegExp(CANARY, 'i'));
  const keys = await bot.redis.keys('*render:*');
  expect(keys).toEqual([]);
});

test('an edit and a repeated render are looked at again, and a repetition is held against nobody', async () => {
  await using bot = await start();
  const told = await bot.platform.animate({ text: `she is ${CANARY}`, picture: PICTURE });
  const renderId = 'answered' in told ? told.answered : '';
  await bot.finish(renderId);
  await bot.platform.until((messages) => messages[0]?.view.kind === 'done');
  await bot.administer({ verb: 'words', entry: CANARY });
  for (const action of ['again', 'larger', 'extend'] as const) {
    expect(await bot.platform.press(action, renderId)).toEqual({
      refused: "I can't animate that here.",
    });
  }
  const edit = await bot.platform.animate({ text: `now ${CANARY}`, picture: { ofRender: renderId, mayManage: false } });
  expect(edit).toEqual({ refused: expect.stringContaining('Warning 1 of 3') });
});

test('refusals lead to a break that ends by itself, is shown with its end, and that an admin can see and lift', async () => {
  await using bot = await start();
  const ask = (text: string, eventId?: string) =>
    bot.platform.animate({ text, picture: PICTURE, ...(eventId && { eventId }) });
  await ask('a nude child', 'e1');
  // The same event again is not another one.
  expect(await ask('a nude child', 'e1')).toEqual({ refused: expect.stringContaining('Warning 1 of 3') });
  await ask('a nude child');
  expect(await bot.administer({ verb: 'strikes', subject: ADA.id })).toMatch(/^\*\*2 refused lately\*\*\n\d{4}-/);
  const last = await ask('a nude child');
  expect(last).toEqual({
    refused: expect.stringMatching(/You can make clips again from \d{4}-\d\d-\d\d \d\d:\d\d UTC/),
  });
  expect(await ask('she smiles')).toEqual({ refused: expect.stringContaining('You can make clips again from') });
  expect(await bot.administer({ verb: 'block' })).toContain('member ada, until');

  bot.clock.now += 25 * HOUR_MS;
  expect(await ask('she smiles')).toHaveProperty('answered');

  for (let times = 0; times < 3; times += 1) await ask('a nude child');
  expect(await ask('she smiles')).toHaveProperty('refused');
  expect(await bot.administer({ verb: 'strikes', subject: ADA.id, isUndone: true })).toContain('the block');
  expect(await ask('she smiles')).toHaveProperty('answered');
});

test('a near miss is refused with what to do, counts against nobody, and is shown to admins without what was typed', async () => {
  await using bot = await start();
  for (let times = 0; times < 4; times += 1) {
    const told = await bot.platform.animate({ text: 'a child looks at a nude statue by Canaria', picture: PICTURE });
    expect(told).toEqual({ refused: expect.stringMatching(/in other words\. This doesn't count against you\.$/) });
  }
  expect(await bot.administer({ verb: 'strikes', subject: ADA.id })).toBe('**0 refused lately**');
  expect(await bot.platform.animate({ picture: PICTURE })).toHaveProperty('answered');
  const told = await bot.administer({ verb: 'audit' });
  expect(told).toContain('**Refused for words that met, counted against nobody**');
  expect(told).toMatch(new RegExp(`UTC, ${ADA.id} on fake: \`child \\+ nude\``));
  expect(told + bot.logged()).not.toContain('Canaria');
});

test('an entry of the log that cannot be read hides none of the others', async () => {
  await using bot = await startTestBot(server);
  await bot.platform.animate({ text: 'a child looks at a nude statue', picture: PICTURE });
  await bot.administer({ verb: 'block', subject: 'bob' });
  for (const key of ['{animate}:audit', '{animate}:near-misses']) {
    for (const entry of ['{', '{"at":"soon"}']) await bot.redis.xadd(key, '*', 'entry', entry);
  }
  const told = await bot.administer({ verb: 'audit' });
  expect(told).toContain('`block bob`');
  expect(told).toContain('child + nude');
});

test('near misses never crowd out what admins did', async () => {
  await using bot = await start();
  await bot.administer({ verb: 'block', subject: 'bob' });
  for (let times = 0; times < 110; times += 1) {
    await bot.platform.animate({ text: 'a child looks at a nude statue', picture: PICTURE });
  }
  expect(await bot.administer({ verb: 'audit' })).toContain('`block bob`');
  expect(await bot.redis.xlen('{animate}:near-misses')).toBe(100);
});

test('the name of a file counts only for a member who uploaded it with this very command', async () => {
  await using bot = await start();
  const named = { ...PICTURE, filename: 'lolicon.png' };
  for (let times = 0; times < 4; times += 1) {
    const told = await bot.platform.animate({ picture: named });
    expect(told).toEqual({ refused: "I can't animate that here." });
  }
  expect(await bot.administer({ verb: 'strikes', subject: ADA.id })).toBe('**0 refused lately**');
  const told = await bot.platform.animate({ picture: { ...named, isOwn: true } });
  expect(told).toEqual({ refused: expect.stringContaining('Warning 1 of 3') });
});

test('with no strikes set, refusals block nobody', async () => {
  await using bot = await start({ settings: { mostStrikes: 0 } });
  for (let times = 0; times < 10; times += 1) await bot.platform.animate({ text: 'a nude child', picture: PICTURE });
  expect(await bot.platform.animate({ picture: PICTURE })).toHaveProperty('answered');
});

test('members and servers are blocked for a time or for good, and what is theirs they can still cancel and delete', async () => {
  await using bot = await start();
  const ask = (server?: string) =>
    bot.handlers.animate({
      eventId: crypto.randomUUID(),
      ...{ member: ADA, text: 'she smiles', picture: PICTURE, place: { channel: 'c', server, roles: [] } },
      open: async () => ({ platform: 'fake', channel: 'animate', message: 'm', thread: 't' }),
    });
  const { renderId } = await ask();
  expect(await bot.administer({ verb: 'block', server: 'the-orchard', hours: 2 })).toMatch(/^Blocked until .* UTC\.$/);
  await expect(ask('the-orchard')).rejects.toMatchObject({
    code: 'blocked',
    message: expect.stringContaining('server'),
  });
  await ask('the-garden');
  bot.clock.now += 3 * HOUR_MS;
  await ask('the-orchard');

  await bot.administer({ verb: 'block', subject: ADA.id });
  await expect(ask()).rejects.toMatchObject({ code: 'blocked' });
  expect(await bot.platform.press('again', renderId)).toHaveProperty('refused');
  expect(await bot.platform.press('delete', renderId)).toEqual({ answered: 'Deleted.' });
  expect(await bot.administer({ verb: 'unblock', subject: ADA.id })).toBe('Unblocked.');
  await ask();
});

test('what admins do is written down with who and when, without the private words', async () => {
  await using bot = await start();
  const everyMember = { of: { kind: 'member' }, changes: {}, isReset: false, showsHistory: false } as const;
  await bot.administer({ verb: 'words', entry: CANARY });
  await bot.administer({ verb: 'words', entry: CANARY, isUndone: true });
  await bot.administer({ verb: 'block', subject: 'bob', hours: 5 });
  await bot.administer({ verb: 'limits', limits: { ...everyMember, changes: { atOnce: 3 } } });
  await bot.administer({ verb: 'health' });
  await bot.administer({ verb: 'limits', limits: everyMember });
  const told = await bot.administer({ verb: 'audit' });
  const acts = told.split('\n').slice(1);
  expect(acts.map((act) => /: `(.*)`$/.exec(act)?.[1])).toEqual([
    'limits of member atOnce 3',
    'block bob for 5 h',
    'words remove',
    'words add',
  ]);
  for (const act of acts) expect(act).toMatch(new RegExp(`^\\d{4}-.* UTC, \`Grace\` \\(${GRACE.id}\\) on fake`));
  expect(bot.logged()).not.toContain(CANARY);
});

test('the private list is shown, refuses what is no entry, and fits into one message', async () => {
  await using bot = await start();
  await expect(bot.administer({ verb: 'words', entry: '/(/' })).rejects.toMatchObject({ code: 'bad_option' });
  expect(await bot.administer({ verb: 'words', entry: 'a `tick` @everyone' })).toBe('Added.');
  expect(await bot.administer({ verb: 'words', entry: 'a `tick` @everyone' })).toBe("That's already on the list.");
  expect(await bot.administer({ verb: 'words' })).toContain('\n`a  tick  @everyone`');
  for (let index = 0; index < 60; index += 1)
    await bot.administer({ verb: 'words', entry: `${'long '.repeat(12)}${index}` });
  const shown = await bot.administer({ verb: 'words' });
  expect(shown.length).toBeLessThan(2000);
  expect(shown).toMatch(/… and \d+ more$/);
});

test('nobody renders before they have accepted the text, once for each text', async () => {
  const consentText = 'Only pictures of people who agreed.';
  {
    await using bot = await start({ settings: { consentText } });
    expect(await bot.platform.animate({ picture: PICTURE })).toEqual({ refused: consentText });
    expect(await bot.handlers.accept({ member: ADA })).toContain('Thanks!');
    expect(await bot.platform.animate({ picture: PICTURE })).toHaveProperty('answered');
    expect(await bot.platform.animate({ picture: PICTURE, member: GRACE })).toEqual({ refused: consentText });
    const kept = await bot.redis.hget('{animate}:consents:fake', ADA.id);
    expect(JSON.parse(kept ?? '')).toEqual({ version: expect.stringMatching(/^[0-9a-f]{12}$/), at: bot.clock.now });
  }
  await using bot = await start({ settings: { consentText: 'Another text.' } });
  expect(await bot.platform.animate({ picture: PICTURE })).toEqual({ refused: 'Another text.' });
});

test('a picture that is refused counts, and one that nobody could look at is not rendered', async () => {
  let isAway = false;
  await using bot = await start({
    classifier: {
      allows: async (pictures) => {
        if (isAway) throw new Error('away');
        return !pictures.some((picture) => picture.includes('bad'));
      },
    },
  });
  const bad = { bytes: Buffer.from('a bad picture'), filename: 'a.png' };
  expect(await bot.platform.animate({ picture: bad })).toEqual({
    refused: "I can't animate that here. Warning 1 of 3 before a short time-out.",
  });
  isAway = true;
  expect(await bot.platform.animate({ picture: PICTURE })).toHaveProperty('broke');
  expect(bot.platform.messages()).toEqual([]);
  expect(await bot.redis.keys('*render:*')).toEqual([]);
});

test('a clip that came out as what is not shown is not handed over, and not kept', async () => {
  await using bot = await start({ classifier: looking((picture) => !picture.includes('bad')) });
  const told = await bot.platform.animate({ picture: PICTURE });
  const renderId = 'answered' in told ? told.answered : '';
  await bot.finish(renderId, Buffer.from('a bad clip'));
  const [message] = await bot.platform.until((messages) => messages[0]?.view.kind === 'failed');
  expect(message).toMatchObject({ clip: undefined, view: { detail: expect.stringContaining("I can't show here") } });
  expect(await bot.store.size(`clips/${renderId}.mp4`)).toBeUndefined();
  expect((await bot.records.get(renderId))?.outcome).toMatchObject({ kind: 'failed', code: 'refused' });
});

test('a member deletes all that they made, and nothing of others', async () => {
  await using bot = await start();
  const made: string[] = [];
  for (const member of [ADA, ADA, GRACE]) {
    const told = await bot.platform.animate({ picture: PICTURE, member });
    made.push('answered' in told ? told.answered : '');
  }
  await bot.finish(made[0] ?? '');
  await bot.platform.until((messages) => messages.some(({ view }) => view.kind === 'done'));
  expect(await bot.handlers.forget({ member: ADA, language: 'de' })).toBe('2 Clips gelöscht.');
  const left = await bot.platform.until((messages) => messages.length === 1);
  expect(left.map(({ view }) => view.renderId)).toEqual([made[2]]);
  const files: string[] = [];
  for await (const { key } of bot.store.list()) files.push(key);
  expect(files).toEqual([`pictures/${made[2]}.png`]);
  expect(await bot.handlers.forget({ member: ADA, language: undefined })).toBe('You have no clips here.');
});
