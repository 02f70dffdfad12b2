// "What is kept of me": complete, told to the member alone, and bounded.
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createInOrder } from '../../src/bots/in-order.ts';
import { de } from '../../src/bots/languages/de.ts';
import { en } from '../../src/bots/languages/en.ts';
import { createParcels } from '../../src/bots/parcels.ts';
import type { Kept, Parcel } from '../../src/bots/platform.ts';
import { GRACE, PICTURE, startBotOn, startTestBot } from '../fakes/bot.ts';
import { onDiscord, onSlack } from '../fakes/chat-platforms.ts';
import { EPHEMERAL, startDiscord } from '../fakes/discord/discord.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { ADA } from '../fakes/platform.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { contentOf } from '../fakes/redis-contents.ts';
import { BOB, ADA as SLACK_ADA, startSlack } from '../fakes/slack/slack.ts';

let server: TestRedis;
beforeEach(async () => {
  server = await startRedis();
});
afterEach(() => server.stop());

const HERE = { channel: 'garden', server: 'here', roles: [] };
const WITHIN = { timeout: 60_000 };

/**
 * Each kind of key that may say something of a member, and where the export says it. What is not in it fails the test below: whoever
 * keeps something new of members has to say here where they read it.
 */
const KINDS: [RegExp, string | { nothingBecause: string }][] = [
  [/:member:fake:ada:renders$/, 'renders'],
  [/:member:fake:grace:renders$/, 'madeByOthersFromYourPictures'],
  [/:member:fake:ada:copies$/, 'madeByOthersFromYourPictures'],
  [/:member:fake:ada:strikes$/, 'refusals'],
  [/:member:fake:ada:refused-pictures$/, 'picturesThatCouldNotBeUsed'],
  [/:member:fake:ada:exported$/, { nothingBecause: 'it says that this was asked for, for ten minutes' }],
  [/:render:fake-(one|cancelled|away)$/, 'renders'],
  [/:render:fake-copy$/, 'madeByOthersFromYourPictures'],
  [/:renders$|:open:fake$/, 'renders'],
  [/:begun:fake$/, 'beingBegun'],
  [/:taken:/, 'counted.commands'],
  [/:spent:/, 'leftOfYourLimits'],
  [/:refunds:fake:ada$/, 'counted.givenBack'],
  [/:rules$/, 'limitsForYouAlone'],
  [/:rules:history$/, 'changesOfThem'],
  [/:consents:fake$/, 'consent'],
  [/:blocks:fake$/, 'block'],
  [/:audit$/, 'adminActs'],
  [/:near-misses$/, 'nearMisses'],
  [/:line:/, 'renders'],
  [/:cancel:fake-/, 'renders'],
  [/:deliveries-fake:/, 'renders'],
  [/:notes:/, 'alsoKept'],
];

test('the export names every kind of thing that the installation keeps of a member', async () => {
  await using bot = await startTestBot(server, {
    settings: { consentText: 'Be kind.' },
    normalise: async (bytes) => {
      if (bytes.toString() === 'broken')
        throw new (await import('../../src/errors.ts')).UserError('picture_broken', 'It is.');
      return { png: bytes, width: 832, height: 480 };
    },
  });
  const ask = (eventId: string, text: string, picture = PICTURE, member = ADA) =>
    bot.platform.animate({ eventId, text, picture, place: HERE, member });
  await bot.administer({
    ...{
      verb: 'limits',
      limits: { of: { kind: 'member', id: 'ada' }, changes: { perDay: 9 }, isReset: false, showsHistory: false },
    },
  });
  for (const member of [ADA, GRACE]) await bot.handlers.accept({ member, language: undefined });
  await ask('one', 'she smiles');
  await bot.finish('fake-one');
  await bot.platform.until((messages) => messages[0]?.view.kind === 'done');
  await bot.platform.press('again', 'fake-one', { eventId: 'copy', member: GRACE, mayManage: true, place: HERE });
  await ask('cancelled', 'she waves');
  await bot.platform.press('cancel', 'fake-cancelled', { place: HERE });
  await bot.handlers
    .animate({
      ...{ eventId: 'away', text: 'she sings', picture: PICTURE, place: HERE, member: ADA },
      open: () => Promise.reject(new Error('The service is away')),
    })
    .catch(() => undefined);
  await ask('near', 'a child looks at a nude statue');
  await ask('words', 'a nude child');
  await ask('broken', 'she smiles', { bytes: Buffer.from('broken'), filename: 'a.png' });
  await bot.administer({ verb: 'block', subject: 'ada', hours: 1 });
  const parcels: Parcel[] = [];
  const sent = async (parcel: Parcel) => void parcels.push(parcel);
  await bot.handlers.sendKept({ member: ADA, language: undefined, maxBytes: 2 ** 20, sent });
  const document = JSON.parse(String(parcels[0]?.files[0]?.bytes));

  const named: string[] = [];
  for (const key of await bot.redis.keys('*')) {
    const isOfAda = /\bada\b|fake-(one|copy|cancelled|away)|she (smiles|waves|sings)/i.test(
      key + JSON.stringify(await contentOf(bot.redis, key)),
    );
    if (!isOfAda) continue;
    const [, where = undefined] = KINDS.find(([pattern]) => pattern.test(key)) ?? [];
    expect(where, `${key} says something of a member: name in KINDS where the export has it`).toBeDefined();
    if (typeof where === 'string') named.push(where);
  }
  for (const where of new Set([...named, 'alsoKept'])) {
    const value = where.split('.').reduce((inner, name) => inner?.[name], document);
    expect(value, where).toBeDefined();
    expect(value, where).not.toEqual([]);
    expect(value, where).not.toEqual({});
  }
  expect(new Set(named)).toEqual(
    new Set(KINDS.map(([, where]) => where).filter((where) => typeof where === 'string' && where !== 'alsoKept')),
  );
  // What others made is theirs, but for the picture in it; and which admin it was is theirs, too.
  expect(document.madeByOthersFromYourPictures).toEqual([
    { id: 'fake-copy', keptUntil: expect.any(String), files: ['pictures/fake-copy.png'] },
  ]);
  expect(JSON.stringify(document)).not.toMatch(/grace/i);
  expect(document.adminActs).toContainEqual(
    expect.objectContaining({ what: expect.stringContaining('block'), isByYou: false }),
  );
  expect(parcels.flatMap(({ files }) => files.map(({ name }) => name))).toEqual(
    expect.arrayContaining(['export.json', 'pictures-fake-one.png', 'clips-fake-one.mp4', 'pictures-fake-copy.png']),
  );
});

test('on Discord it comes in answers that the member alone sees, once in ten minutes', async () => {
  const discord = await startDiscord();
  try {
    await using bot = await startBotOn(server, onDiscord(discord));
    const command = discord.animate(await drawPicture());
    const renderId = `discord-${command.id}`;
    await expect.poll(() => bot.logged(), WITHIN).toContain('"Accepted"');
    await bot.finish(renderId);
    await expect.poll(async () => (await bot.records.get(renderId))?.isDelivered, WITHIN).toBe(true);

    const asked = discord.command('animate-help', {}, { send_my_data: true });
    const told = await discord.until(() =>
      discord.answersTo(asked).find(({ content }) => content === en.trust.exported(2)),
    );
    const answers = discord.answersTo(asked);
    expect(answers.every(({ flags }) => (flags & EPHEMERAL) !== 0)).toBe(true);
    expect(told.flags & EPHEMERAL).not.toBe(0);
    const files = answers.flatMap((answer) => answer.files);
    expect(files.map(({ name }) => name)).toEqual(['export.json', `pictures-${renderId}.png`, `clips-${renderId}.mp4`]);
    expect(String(files[2]?.bytes)).toBe(`the clip of ${renderId}`);
    expect(await discord.told(discord.command('animate-help', {}, { send_my_data: true }))).toContain('10 minutes');
  } finally {
    await discord.close();
  }
});

test('on Discord a place that takes no files from the bot is said, and the member may ask again at once', async () => {
  const discord = await startDiscord();
  try {
    await using _bot = await startBotOn(server, onDiscord(discord));
    discord.trouble({ method: 'POST', path: /\/webhooks\/.*/, isUpload: true, status: 403, code: 50013, times: 1 });
    const ask = () => discord.command('animate-help', {}, { send_my_data: true });
    expect(await discord.told(ask())).toBe(en.discord.filesRefused);
    const again = ask();
    await discord.until(() => discord.answersTo(again).find(({ content }) => content === en.trust.exported(0)));
  } finally {
    await discord.close();
  }
});

test('on Slack it comes in the member’s direct messages, and nowhere else', async () => {
  const slack = await startSlack();
  try {
    await using bot = await startBotOn(server, onSlack(slack));
    slack.mention('she smiles', { files: [slack.upload(await drawPicture())] });
    await expect.poll(() => bot.logged(), WITHIN).toContain('"Accepted"');
    slack.command('animate', 'Send my data');
    expect(await slack.told()).toBe(en.slack.dataSent);
    const direct = () => slack.messagesIn(slack.directChannelOf(SLACK_ADA).id).filter(({ isFromBot }) => isFromBot);
    // Slack shares files some time after it has said yes.
    await expect
      .poll(() => direct().flatMap(({ files }) => files.map(({ name }) => name)), WITHIN)
      .toEqual(['export.json', expect.stringMatching(/^pictures-slack-.*\.png$/)]);
    expect(direct().map(({ text }) => text)).toContain(en.trust.exported(1));
    expect(JSON.stringify(slack.messagesIn(slack.garden.id))).not.toContain('export.json');
    expect(slack.faults).toEqual([]);
  } finally {
    await slack.close();
  }
});

test('on Slack a member whom the bot cannot write to directly is told so where they asked, in their language', async () => {
  const slack = await startSlack();
  try {
    await using _bot = await startBotOn(server, onSlack(slack));
    slack.trouble({ method: 'conversations.open', error: 'cannot_dm_bot', times: 1 });
    slack.command('animate', 'send my data', { member: BOB });
    expect(await slack.told(BOB)).toBe(de.slack.dataNotSent);
    slack.command('animate', 'send my data', { member: BOB });
    expect(await slack.told(BOB)).toBe(de.slack.dataSent);
  } finally {
    await slack.close();
  }
});

/** What is sent of so many files of so many bytes each. */
async function parcelsOf(sizes: number[], maxBytes: number, document: object = {}) {
  const files = sizes.map((_, index) => `clips/c${index}.mp4`);
  const bytesOf = (key: string) => Buffer.alloc(sizes[files.indexOf(key)] ?? 0);
  const sent: Parcel[] = [];
  const send = createParcels({
    kept: async (): Promise<Kept> => ({ document, files }),
    store: {
      size: async (key) => bytesOf(key).length,
      read: async (key) => ({ size: 0, stream: Readable.from([bytesOf(key)]) }),
      link: async (key) => `https://store/${key}`,
    },
    claim: async () => true,
    release: async () => undefined,
    inOrder: createInOrder(),
  });
  const told = await send({
    member: ADA,
    language: undefined,
    maxBytes,
    sent: async (parcel) => void sent.push(parcel),
  });
  return { told, sent, written: sent[0]?.files[0] };
}

test('a parcel has ten files and so many bytes at most, and ten parcels come at most', async () => {
  const { told, sent, written } = await parcelsOf([...Array(95).fill(10), 500_000, ...Array(30).fill(40_000)], 100_000);
  expect(sent.length).toBeLessThanOrEqual(11);
  for (const { files } of sent.slice(1)) {
    expect(files.length).toBeLessThanOrEqual(10);
    expect(files.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(100_000);
  }
  const notSent: { file: string; link: string }[] = JSON.parse(String(written?.bytes)).notSent;
  expect(notSent).toContainEqual({ file: 'clips/c95.mp4', link: 'https://store/clips/c95.mp4' });
  const count = sent.slice(1).flatMap(({ files }) => files).length;
  expect(count + notSent.length).toBe(126);
  expect(told).toBe(`${en.trust.exported(count)} ${en.trust.exportLeftOut(notSent.length)}`);
});

test('what is said of a member with very many clips comes compressed', async () => {
  const { written } = await parcelsOf([], 1000, { renders: 'a'.repeat(5000) });
  expect(written?.name).toBe('export.json.gz');
  expect(written?.bytes.length).toBeLessThan(1000);
});
