// What the bot says is seen by whom it is for, wherever that is: at the top of a channel, in a thread, in a direct message, below
// a form, a shortcut or a button. Slack shows nothing to one member alone in a thread that has no reply.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Intake } from '../../../src/media/intake.ts';
import { refusal } from '../../../src/refusals.ts';
import { startBotOn } from '../../fakes/bot.ts';
import { onSlack } from '../../fakes/chat-platforms.ts';
import { drawPicture } from '../../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../../fakes/redis.ts';
import {
  ADA,
  BOB,
  type FakeEvent,
  type FakeFile,
  type FakeMember,
  type FakeMessage,
  type Slack,
  startSlack,
} from '../../fakes/slack/slack.ts';

const WITHIN = { timeout: 60_000 };
const CARL: FakeMember = { id: 'U0CARL0004', name: 'Carl', locale: 'en-GB', team: 'T0ELSEWHERE', isAdmin: true };
const CONSENT = 'Please read <https://example.com/rules_of_use_|the rules>.';

let slack: Slack;
let server: TestRedis;
let picture: Buffer;
let file: FakeFile;
let bot: Awaited<ReturnType<typeof startBotOn>>;

async function start(settings: { consentText?: string } = {}, isShared = false, normalise?: Intake['normalise']) {
  const options = { settings, ...(normalise && { normalise }) };
  bot = await startBotOn(server, onSlack(slack, [], { isShared }), options);
}

beforeEach(async () => {
  slack = await startSlack();
  server = await startRedis();
  picture = await drawPicture();
  file = slack.upload(picture);
});
afterEach(async () => {
  await bot[Symbol.asyncDispose]();
  await server.stop();
  expect(slack.faults).toEqual([]);
  await slack.close();
});

const isOurs = ({ isFromBot }: FakeMessage) => isFromBot;
const under = ({ message }: FakeEvent) =>
  slack.messagesIn(message?.channel ?? '', message?.thread ?? message?.ts).filter(isOurs);
const directly = (member = ADA) => slack.messagesIn(slack.directChannelOf(member).id).filter(isOurs);
const accepted = () => bot.logged().split('"Accepted"').length - 1;
const hasStatus = (event: FakeEvent) =>
  slack.until(() => under(event).find(({ blocks }) => JSON.stringify(blocks).includes('render_')));
const fill = async (event: FakeEvent, values: Parameters<Slack['submit']>[1] = {}) =>
  slack.submit(await slack.viewOf(event), { prompt: 'she smiles', seconds: '1', ...values });
/** Whether the bot has looked at all that came. */
const settled = async (event: FakeEvent) => void (await slack.until(() => event.acknowledgedAfter !== undefined));

describe('a refusal is seen', () => {
  beforeEach(() => start());
  const tooLong = () => 'she smiles seconds:99';
  const why = /seconds/;

  test('of a mention at the top of a channel, where there is no thread yet', async () => {
    slack.mention(tooLong(), { files: [file] });
    expect(await slack.told(ADA)).toMatch(why);
    expect(slack.ephemerals.at(-1)?.thread).toBeUndefined();
  });

  test('of a mention in a thread, in that thread', async () => {
    const parent = slack.post([]);
    slack.mention(tooLong(), { files: [file], thread: parent.ts });
    expect(await slack.told(ADA)).toMatch(why);
    expect(slack.ephemerals.at(-1)?.thread).toBe(parent.ts);
  });

  test('of a direct message, in its thread', async () => {
    const direct = slack.direct(tooLong(), { files: [file] });
    await slack.until(() => under(direct).find(({ text }) => why.test(text)));
  });

  test('of a form that was opened from the menu of a message without a thread', async () => {
    const broken = slack.upload(Buffer.from('no picture'), 'a.png');
    slack.trouble({ method: 'chat.postMessage', error: 'restricted_action_thread_locked', times: 1 });
    await fill(slack.shortcut('animate_message', slack.post([broken])));
    expect(await slack.told(ADA)).toContain('This thread is locked');
    expect(slack.ephemerals.at(-1)?.thread).toBeUndefined();
  });

  test('of a button, in its thread', async () => {
    const mention = slack.mention('she smiles', { files: [file] });
    slack.press(await hasStatus(mention), 'Cancel', { member: BOB });
    expect(await slack.told(BOB)).toMatch(/Ada/);
    expect(slack.ephemerals.at(-1)?.thread).toBe(mention.message?.ts);
  });

  test('directly, where the bot was taken out of the channel', async () => {
    slack.trouble({ method: 'chat.postEphemeral', error: 'channel_not_found', times: 1 });
    slack.mention(tooLong(), { files: [file] });
    await slack.until(() => directly().find(({ text }) => why.test(text)));
  });

  test('directly, of a global shortcut whose form cannot be opened', async () => {
    slack.trouble({ method: 'views.open', error: 'invalid_trigger_id', times: 1 });
    slack.globalShortcut('animate');
    await slack.until(() => directly().find(({ text }) => text.includes('Something went wrong')));
  });

  test('nowhere, where the bot’s direct messages are turned off, and then nothing is tried again', async () => {
    slack.trouble({ method: 'chat.postMessage', error: 'messages_tab_disabled', times: 1000 });
    slack.direct(tooLong(), { files: [file] });
    await expect.poll(() => bot.logged(), WITHIN).toContain('A member could not be told');
    slack.mention('she smiles', { files: [file] });
    expect(await slack.told(ADA)).toBeTruthy();
    const told = slack.requests.filter(
      ({ method, body }) => method === 'chat.postMessage' && why.test(String(body.text)),
    );
    expect(told).toHaveLength(2);
  });

  test('nowhere, where Slack refuses every place, and then nothing is tried again', async () => {
    slack.trouble({ method: 'chat.postEphemeral', error: 'user_not_in_channel', times: 1 });
    slack.trouble({ method: 'conversations.open', error: 'user_disabled', times: 1 });
    slack.mention(tooLong(), { files: [file] });
    await expect.poll(() => bot.logged(), WITHIN).toContain('A member could not be told');
    expect(slack.requests.filter(({ method }) => method === 'chat.postEphemeral')).toHaveLength(1);
  });
});

describe('in a conversation that the bot is not in, a form says so before it is filled in', () => {
  beforeEach(() => start());

  test.each(['direct', 'group', 'private'] as const)('%s', async (kind) => {
    const channel = slack.addChannel({ kind, hasBot: false, members: [ADA.id, BOB.id] });
    const view = await slack.viewOf(slack.command('/animate', 'she smiles', { channel }));
    await slack.until(() => JSON.stringify(view.json.blocks).includes("I'm not in this channel"));
  });

  test('and where it is sent all the same, its member is told directly', async () => {
    const channel = slack.addChannel({ kind: 'direct', hasBot: false, members: [ADA.id, BOB.id] });
    slack.trouble({ method: 'views.update', error: 'not_found', times: 1 });
    const command = slack.command('/animate', 'she smiles', { channel });
    await fill(command, { picture: { files: [file] } });
    await slack.until(() => directly().find(({ text }) => text.includes("I'm not in this channel")));
  });

  test('and in the bot’s own it stays', async () => {
    const command = slack.command('/animate', '', { channel: slack.directChannelOf(ADA) });
    await fill(command, { picture: { files: [file] } });
    await slack.until(() => directly().length > 0);
  });
});

describe('a mention', () => {
  beforeEach(() => start());

  test('that was refused is asked for again by an edit, and one that was taken is not', async () => {
    const mention = slack.mention('she smiles seconds:99', { files: [file] });
    await slack.told(ADA);
    const edited = slack.editMention(mention, 'she smiles seconds:98');
    expect(await slack.told(ADA)).toContain('98');
    slack.editMention(edited, 'she smiles seconds:2');
    await hasStatus(mention);
    await settled(slack.editMention(edited, 'she laughs seconds:2'));
    await hasStatus(slack.mention('another', { files: [file] }));
    expect(under(mention)).toHaveLength(1);
    await expect.poll(accepted, WITHIN).toBe(2);
  });

  test('with several pictures takes the first that can be used, and its member alone is told of it', async () => {
    const gif = slack.upload(picture, 'a.gif', 'image/gif');
    const mention = slack.mention('she smiles', { files: [gif, file] });
    await hasStatus(mention);
    expect(await slack.told(ADA)).toContain('Your message has 2 pictures');
    expect(slack.ephemerals.at(-1)?.thread).toBe(mention.message?.ts);
    const asked = slack.requests.filter(({ method }) => method === 'files.info').map(({ body }) => body.file);
    expect(asked[0]).toBe(file.id);
  });

  test('with one picture is told nothing of a choice', async () => {
    await hasStatus(slack.mention('she smiles', { files: [file] }));
    await expect.poll(accepted, WITHIN).toBe(1);
    await settled(slack.direct('help'));
    expect(slack.ephemerals).toEqual([]);
  });

  test('with several pictures has a form that offers all of them', async () => {
    const other = slack.upload(picture, 'other.png');
    const view = await slack.viewOf(slack.shortcut('animate_message', slack.post([file, other])));
    const offered = JSON.stringify(view.json.blocks);
    expect(offered).toContain(file.id);
    expect(offered).toContain(other.id);
  });

  test('that is edited from one refused request to another counts twice against its member', async () => {
    const strikes = () => bot.administer({ verb: 'strikes', subject: `${slack.teamId}-${ADA.id}` });
    const mention = slack.mention('naked child', { files: [file] });
    await slack.told(ADA);
    expect(await strikes()).toMatch(/\b1\b/);
    await settled(slack.editMention(mention, 'a naked child'));
    await slack.told(ADA);
    expect(await strikes()).toMatch(/\b2\b/);
  });

  test('names others as people see them', async () => {
    const mention = slack.mention(`wave at <@${BOB.id}>`, { files: [file] });
    await hasStatus(mention);
    await expect.poll(accepted, WITHIN).toBe(1);
    const { renderId = '' } = /"renderId":"(?<renderId>[\w-]+)"/.exec(bot.logged())?.groups ?? {};
    expect((await bot.records.get(renderId))?.record.request.prompt).toBe('wave at Bob');
  });

  test('that asks for help is told how it is done, also with a picture', async () => {
    const mention = slack.mention('help', { files: [file] });
    const [said] = await slack.until(() => under(mention).length > 0 && under(mention));
    expect(said?.text).toContain('Animate this image');
    expect(accepted()).toBe(0);
  });
});

test('words to the bot alone are answered once, and words of thanks in a thread not at all', async () => {
  await start();
  const first = slack.direct('hi');
  await slack.until(() => under(first).length === 1);
  await settled(slack.direct('thanks!', { thread: first.message?.ts ?? '' }));
  const second = slack.direct('hi again');
  await settled(second);
  const third = slack.direct('help');
  await slack.until(() => under(third).length === 1);
  expect(under(first)).toHaveLength(1);
  expect(under(second)).toEqual([]);
});

describe('what has to be accepted first', () => {
  beforeEach(() => start({ consentText: CONSENT }));

  test('is shown with its links, and the command goes on when it is accepted, once', async () => {
    const mention = slack.mention('she smiles', { files: [file] });
    expect(await slack.told(ADA)).toContain(CONSENT);
    const shown = slack.ephemerals.at(-1);
    if (!shown) throw new Error('Nothing was shown');
    slack.press(shown, 'Accept');
    slack.press(shown, 'Accept');
    await hasStatus(mention);
    await slack.told(ADA);
    await slack.told(ADA);
    await hasStatus(slack.mention('another', { files: [file] }));
    expect(under(mention)).toHaveLength(1);
  });

  test('is answered in its thread', async () => {
    const parent = slack.post([]);
    slack.mention('she smiles', { files: [file], thread: parent.ts });
    await slack.told(ADA);
    const shown = slack.ephemerals.at(-1);
    if (!shown) throw new Error('Nothing was shown');
    slack.press(shown, 'Accept');
    await slack.told(ADA);
    expect(slack.ephemerals.at(-1)?.thread).toBe(parent.ts);
  });
});

test('what the bot offers in the place of a refusal begins with one press, however often it is pressed', async () => {
  let isRefused = false;
  await start({}, false, async (png) => {
    if (isRefused) return { png, width: 832, height: 480 };
    isRefused = true;
    throw refusal('aspect_too_extreme', { width: 900, height: 100, most: 3 }, { offers: ['crop', 'pad'] });
  });
  const mention = slack.mention('she smiles seed:7', { files: [file] });
  await slack.told(ADA);
  const shown = slack.ephemerals.at(-1);
  if (!shown) throw new Error('Nothing was shown');
  slack.press(shown, 'Pad it');
  slack.press(shown, 'Pad it');
  await hasStatus(mention);
  await expect.poll(accepted, WITHIN).toBe(1);
  const { renderId = '' } = /"renderId":"(?<renderId>[\w-]+-pad)"/.exec(bot.logged())?.groups ?? {};
  const { request } = (await bot.records.get(renderId))?.record ?? {};
  expect(request).toMatchObject({ prompt: 'she smiles', seed: 7 });
});

describe('a member of another organisation', () => {
  beforeEach(async () => {
    slack.world.members.set(CARL.id, { ...CARL });
    await start({}, true);
  });
  const shared = () => slack.addChannel({ kind: 'public', hasBot: true, isShared: true });

  test('is the same for a mention, a form and a button', async () => {
    const mention = slack.mention('she smiles', { files: [file], channel: shared(), member: CARL });
    slack.press(await hasStatus(mention), 'Cancel', { member: CARL });
    expect(await slack.told(CARL)).toMatch(/Cancelled|Stopping/);
  });

  test('is no admin here, whatever they are at home', async () => {
    const channel = shared();
    const mention = slack.mention('she smiles', { files: [file], channel });
    slack.press(await hasStatus(mention), 'Cancel', { member: CARL });
    expect(await slack.told(CARL)).toMatch(/Ada/);
  });

  test('of whom Slack tells nothing is a guest', async () => {
    slack.world.members.set(CARL.id, { ...CARL, isHidden: true });
    const mention = slack.mention('she smiles', { files: [file], channel: shared(), member: CARL });
    slack.press(await hasStatus(mention), 'Cancel', { member: BOB });
    expect(await slack.told(BOB)).toMatch(/guest|Gast/);
  });
});
