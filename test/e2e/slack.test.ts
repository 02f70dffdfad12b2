// The whole way on Slack: the real bolt app in a real bot process, a stand-in for the service, a real queue and engine.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectRedis } from '../../src/queue/redis.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startDurableRedis } from '../fakes/redis.ts';
import { everythingIn } from '../fakes/redis-contents.ts';
import type { Role } from '../fakes/roles.ts';
import {
  ADA,
  ADMIN,
  BOB,
  type FakeChannel,
  type FakeEvent,
  type FakeFile,
  type FakeMessage,
  type FakeView,
  type Slack,
  startSlack,
} from '../fakes/slack/slack.ts';
import { useInstallation } from './installation.ts';

let slack: Slack;
let picture: Buffer;
let file: FakeFile;

const installation = useInstallation({
  async open() {
    slack = await startSlack();
    picture = await drawPicture();
    file = slack.upload(picture);
  },
  close: async () => void (await slack.close()),
  botEnvironment: () => slack.environment,
  describe: () => slack.describe(),
});
const { start } = installation;

async function startBot(environment: Record<string, string> = {}): Promise<Role> {
  const bot = start('bot', environment);
  await bot.said('Connected to Slack');
  return bot;
}

const gate = () => join(installation.folder, 'gate');

const isOurs = ({ isFromBot }: FakeMessage) => isFromBot;
const hasClip = ({ files }: FakeMessage) => files.some(({ name }) => name.endsWith('.mp4'));
const hasButtons = ({ blocks }: FakeMessage) => blocks.some(({ type }) => type === 'actions');
const labelsOf = ({ blocks }: Pick<FakeMessage, 'blocks'>) =>
  blocks.flatMap(({ elements = [] }) =>
    (elements as { text?: { text: string } }[]).flatMap(({ text }) => text?.text ?? []),
  );
const contentOf = ({ blocks }: Pick<FakeMessage, 'blocks'>) => JSON.stringify(blocks);

/** The messages in the thread under a member's own message. */
const under = ({ message }: FakeEvent) => slack.messagesIn(message?.channel ?? '', message?.thread ?? message?.ts);

const statusUnder = (event: FakeEvent, words: string): Promise<FakeMessage> =>
  slack.until(() => under(event).find((message) => hasButtons(message) && contentOf(message).includes(words)));

/** The status message of a thread once the clip is in it, which comes first. */
const endOf = (thread: string, channel: FakeChannel = slack.garden): Promise<FakeMessage> =>
  slack.until(() =>
    slack.messagesIn(channel.id, thread).find((message) => hasButtons(message) && labelsOf(message).includes('Again')),
  );

const filesOfTheBot = (): string[] =>
  [...slack.world.files.values()]
    .filter(({ user, state }) => user === slack.botUserId && state !== 'deleted')
    .map(({ name }) => name);

/** What the bot noted ends so much sooner. */
async function passDays(days: number): Promise<void> {
  const connection = connectRedis(installation.redis.url, () => undefined);
  for (const key of await connection.keys('*:notes:*')) {
    await connection.pexpire(key, Math.max(1, (await connection.pttl(key)) - days * 24 * 3600 * 1000));
  }
  connection.disconnect();
}

const renderOf = (message: FakeMessage): string => /"value":"([\w-]+)"/.exec(contentOf(message))?.[1] ?? '';

const threadOf = ({ message }: FakeEvent): string => message?.thread ?? message?.ts ?? '';

/** In the thread of a mention: one status message, one clip, and nothing that says that it goes on. */
async function expectOneClip(event: FakeEvent): Promise<void> {
  await slack.clipOf(threadOf(event));
  await endOf(threadOf(event), slack.world.channels.get(event.message?.channel ?? ''));
  const ours = under(event).filter(isOurs);
  expect(ours.filter(hasClip)).toHaveLength(1);
  expect(ours.filter(hasButtons)).toHaveLength(1);
  expect(ours).toHaveLength(2);
  expect(slack.faults).toEqual([]);
}

const fill = async (event: FakeEvent, values: Parameters<Slack['submit']>[1] = {}) =>
  slack.submit(await slack.viewOf(event), { prompt: 'she smiles', seconds: '1', ...values });

/** What the bot posted in a channel itself, which a thread hangs on. */
const starterIn = (channel: FakeChannel): Promise<FakeMessage> =>
  slack.until(() => slack.messagesIn(channel.id).find(isOurs));

test('/animate opens a form, and the clip comes back in a thread under the picture', async () => {
  await startBot();
  start('worker');
  const command = slack.command('/animate', 'she *smiles* at <!channel> seed:7');
  const view = await slack.viewOf(command);
  expect(view.json.title).toMatchObject({ text: 'Animate this picture' });
  await slack.submit(view, { picture: { files: [file] }, seconds: '1' });
  const starter = await starterIn(slack.garden);
  expect(starter.text).toBe(`<@${ADA.id}>\n>she \u200b*\u200bsmiles\u200b*\u200b at &lt;!channel&gt;`);
  expect(starter.files.map(({ name, altText }) => [name, altText])).toEqual([
    ['picture.png', 'she *smiles* at <!channel>'],
  ]);
  const clip = await slack.clipOf(starter);
  const end = await endOf(starter.ts);
  expect(clip.text).toMatch(new RegExp(`^<@${ADA.id}>, your clip is ready!\nMade with AI · Size 704×544`));
  expect(clip.files[0]?.title).toBe('she *smiles* at <!channel>');
  expect(contentOf(end)).toContain('*Here is your clip*');
  expect(contentOf(end)).toContain('Seed 7 ·');
  expect(labelsOf(end)).toEqual(['Again', 'Edit', '720p', 'Extend', 'Delete']);
  expect(slack.messagesIn(slack.garden.id)).toHaveLength(1);
  expect(slack.messagesIn(slack.garden.id, starter.ts)).toHaveLength(2);
  expect(command.acknowledgedAfter).toBeLessThan(3000);
  expect(slack.faults).toEqual([]);
});

test('a message with pictures is animated from its menu, in its own thread, whichever of several it is', async () => {
  await startBot();
  start('worker');
  const other = slack.upload(await drawPicture(200, 300), 'two.png');
  const message = slack.post([file, other], { member: BOB });
  const shortcut = slack.shortcut('animate_message', message);
  await fill(shortcut, { picture: other.id, prompt: 'it waves' });
  await slack.clipOf(message);
  const end = await endOf(message.ts);
  // The second picture is upright.
  const [, width, height] = /Size (\d+)×(\d+)/.exec(contentOf(end)) ?? [];
  expect(Number(height)).toBeGreaterThan(Number(width));
  expect(slack.messagesIn(slack.garden.id)).toHaveLength(1);
  expect(slack.faults).toEqual([]);
});

test('the global shortcut asks where the clip goes', async () => {
  await startBot();
  start('worker');
  const shortcut = slack.globalShortcut('animate');
  await fill(shortcut, { picture: { files: [file] }, channel: slack.garden.id });
  await slack.clipOf(await starterIn(slack.garden));
  expect(slack.faults).toEqual([]);
});

test('a mention with a picture is animated in its thread, in a channel and inside a thread', async () => {
  await startBot();
  start('worker');
  await expectOneClip(slack.mention('she smiles seconds:1', { files: [file] }));
  const parent = slack.post([]);
  const inside = slack.mention('it waves seconds:1', { files: [file], thread: parent.ts });
  await slack.clipOf(parent);
  await endOf(parent.ts);
  expect(slack.messagesIn(slack.garden.id, parent.ts).filter(isOurs)).toHaveLength(2);
  expect(inside.acknowledgedAfter).toBeLessThan(3000);
  expect(slack.faults).toEqual([]);
});

test('a direct message with a picture is animated right there', async () => {
  await startBot();
  start('worker');
  await expectOneClip(slack.direct('she smiles seconds:1', { files: [file] }));
});

test('a mention without a picture is told how it is done, and so is a direct message', async () => {
  await startBot();
  const mention = slack.mention('hello');
  const [said] = await slack.until(() => under(mention).filter(isOurs).length > 0 && under(mention).filter(isOurs));
  expect(said?.text).toMatch(
    /^Attach a picture to the message that mentions me and say how it should move\. .* &gt; \*Animate this image\*\.$/,
  );
  const direct = slack.direct('hi');
  await slack.until(() =>
    under(direct).find(({ text }) => text.startsWith('*Bring a picture to life.* There are four ways:')),
  );
  slack.command('/animate', 'help');
  expect(await slack.told(ADA)).toContain(`Mention <@${slack.botUserId}> in a message with a picture`);
  expect(slack.faults).toEqual([]);
});

test('each button does what it says', async () => {
  await startBot();
  start('worker');
  const mention = slack.mention('she smiles seconds:1 seed:7', { files: [file] });
  await slack.clipOf(threadOf(mention));
  const end = await endOf(threadOf(mention));
  for (const [label, answer] of [
    ['Again', 'On it: same words, new seed.'],
    ['720p', 'On it: the same clip in 720p.'],
    ['Extend', 'On it: continuing from the last frame.'],
  ] as const) {
    slack.press(end, label);
    expect(await slack.told(ADA)).toBe(answer);
  }
  await slack.until(() => under(mention).filter(hasClip).length === 4);
  await slack.until(() => under(mention).filter((each) => labelsOf(each).includes('Again')).length === 4);
  expect(under(mention).filter((each) => hasButtons(each) && contentOf(each).includes('Seed 7 ·'))).toHaveLength(2);
  const view = await slack.viewOf(slack.press(end, 'Edit'));
  expect(JSON.stringify(view.json.blocks)).toContain('"initial_value":"she smiles"');
  await slack.submit(view, { prompt: 'she waves', seed: '9' });
  await slack.until(() => under(mention).find((each) => hasButtons(each) && contentOf(each).includes('Seed 9 ·')));
  slack.press(end, 'Delete');
  expect(await slack.told(ADA)).toBe('Deleted.');
  await slack.until(() => under(mention).filter(hasClip).length === 4);
  expect(slack.world.message(end.channel, end.ts)).toBeUndefined();
  expect(slack.faults).toEqual([]);
});

test('Delete takes the picture and the words back where the bot had posted them', async () => {
  await startBot();
  start('worker');
  await fill(slack.command('/animate'), { picture: { files: [file] } });
  const starter = await starterIn(slack.garden);
  await slack.clipOf(starter);
  slack.press(await endOf(starter.ts), 'Delete');
  expect(await slack.told(ADA)).toBe('Deleted.');
  await slack.until(() => slack.world.message(starter.channel, starter.ts)?.text === '_Removed._');
  expect(slack.world.message(starter.channel, starter.ts)?.files).toEqual([]);
  expect(slack.messagesIn(starter.channel, starter.ts)).toEqual([]);
  expect(filesOfTheBot()).toEqual([]);
  expect(slack.faults).toEqual([]);
});

test('Delete finds the picture and the clip for as long as RETENTION_DAYS keeps them', async () => {
  await startBot({ RETENTION_DAYS: '30' });
  start('worker');
  await fill(slack.command('/animate'), { picture: { files: [file] } });
  const starter = await starterIn(slack.garden);
  await slack.clipOf(starter);
  const end = await endOf(starter.ts);
  expect(filesOfTheBot()).toHaveLength(2);
  await passDays(29);
  slack.press(end, 'Delete');
  await slack.until(() => filesOfTheBot().length === 0);
});

test('a form that is filled in wrongly says so beside the field, and keeps what was filled in', async () => {
  await startBot();
  const view = await slack.viewOf(slack.command('/animate'));
  const answer = await slack.submit(view, {
    picture: { files: [file] },
    prompt: 'she smiles',
    seed: 'seven',
    seconds: '3',
  });
  expect(answer).toMatchObject({ response_action: 'errors' });
  expect(answer.errors).toEqual({ seed: 'seed must be a whole number between 0 and 4294967295 (you wrote seven).' });
});

test('where the bot is not, whoever asks is told how to invite it, before they fill in a form', async () => {
  await startBot();
  const channel = slack.addChannel({ kind: 'public', hasBot: false });
  const view = await slack.viewOf(slack.command('/animate', 'she smiles', { channel }));
  await slack.until(() => contentOf(view.json as { blocks: FakeMessage['blocks'] }).includes('/invite @'));
  const asked = await fill(slack.globalShortcut('animate'), { picture: { files: [file] }, channel: channel.id });
  expect(asked.errors?.channel).toMatch(/^I'm not in this channel\. Type \/invite @/);
});

test('a bot that was taken out of its channel brings the clip directly, and one that was never in it says so', async () => {
  const bot = await startBot();
  const mention = slack.mention('she smiles seconds:1', { files: [file] });
  await bot.said('Accepted');
  slack.garden.hasBot = false;
  start('worker');
  const direct = slack.directChannelOf(ADA);
  const clip = await slack.until(() => slack.messagesIn(direct.id).find(hasClip));
  expect(clip.text).toContain('your clip is ready!');
  await bot.said('Delivered');
  expect(under(mention).filter(hasClip)).toEqual([]);
});

test('a picture that cannot be used is told to its member alone, and leaves nothing in the channel', async () => {
  await startBot();
  const mention = slack.mention('she smiles', { files: [slack.upload(Buffer.from('not a picture'))] });
  expect(await slack.told(ADA)).toMatch(/isn't actually a picture \(it's a text file\)/);
  expect(under(mention).filter(isOurs)).toEqual([]);
  const heic = Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'binary');
  slack.mention('she smiles', { files: [slack.upload(heic, 'photo.heic', 'image/heic')] });
  expect(await slack.told(ADA)).toMatch(/HEIC|damaged/);
});

test('in a channel that is shared with others it works only where the operator says so', async () => {
  const bot = await startBot();
  const channel = slack.addChannel({ kind: 'public', hasBot: true, isShared: true });
  const mention = slack.mention('she smiles seconds:1', { files: [file], channel });
  await slack.until(() => under(mention).find(({ text }) => text.includes('shared with other organizations')));
  await bot.kill('SIGTERM');
  await startBot({ SLACK_SHARED_CHANNELS: 'true' });
  start('worker');
  // What such a file is has to be asked for.
  const foreign = Object.assign(slack.upload(picture), { isForeign: true });
  await expectOneClip(slack.mention('she smiles seconds:1', { files: [foreign], channel }));
});

test('a mention that Slack tells of again is one render', async () => {
  await startBot();
  start('worker');
  const mention = slack.mention('she smiles seconds:1', { files: [file] });
  slack.redeliver(mention);
  await slack.clipOf(threadOf(mention));
  slack.redeliver(mention);
  await expectOneClip(mention);
  await expectOneClip(slack.mention('and again seconds:1', { files: [file] }));
  await expectOneClip(mention);
});

test('a storm of rate limits and broken answers delays a clip and loses nothing', async () => {
  await startBot();
  start('worker');
  for (const method of ['chat.postMessage', 'chat.update', 'files.info', 'files.getUploadURLExternal', 'users.info']) {
    slack.trouble({ method, status: 429, retryAfter: 1, times: 1 });
    slack.trouble({ method, status: 503, times: 1 });
    slack.trouble({ method, error: 'internal_error', times: 1 });
  }
  await expectOneClip(slack.mention('she smiles seconds:1', { files: [file] }));
});

test('a mention that was taken is not given up, however long Slack takes no message', async () => {
  await startBot();
  start('worker');
  const trouble = slack.trouble({ method: 'chat.postMessage', status: 503, times: 8 });
  await expectOneClip(slack.mention('she smiles seconds:1', { files: [file] }));
  expect(trouble.times).toBe(0);
  expect(slack.ephemerals).toEqual([]);
});

test('what Slack refuses for good is told with its reason', async () => {
  await startBot();
  slack.trouble({ method: 'chat.postMessage', error: 'msg_too_long', times: 1 });
  slack.mention('she smiles seconds:1', { files: [file] });
  expect(await slack.told()).toMatch(/Slack didn't let me post here \(msg/);
});

test('a file that Slack shares late is waited for', async () => {
  await startBot();
  start('worker');
  slack.holdShares();
  const mention = slack.mention('she smiles seconds:1', { files: [file] });
  await slack.until(() => under(mention).find((message) => contentOf(message).includes('Uploading the clip')));
  await slack.until(
    () => slack.requests.filter(({ method }) => method === 'files.completeUploadExternal').length === 1,
  );
  slack.releaseShares();
  await expectOneClip(mention);
});

test('a socket that is lost in the middle of a render costs nothing, nor one that Slack renews', async () => {
  await startBot();
  start('worker');
  const mention = slack.mention(`hold ${gate()} seconds:1`, { files: [file] });
  await statusUnder(mention, 'Drawing');
  const { hellos } = slack.socket;
  slack.socket.drop();
  const during = slack.mention('she smiles seconds:1', { files: [file] });
  await writeFile(gate(), '');
  await expectOneClip(mention);
  await slack.until(() => slack.socket.hellos > hellos);
  await expectOneClip(during);
  slack.socket.disconnect('refresh_requested');
  await slack.until(() => slack.socket.hellos > hellos + 1);
  await expectOneClip(slack.mention('she waves seconds:1', { files: [file] }));
});

const killedAt = {
  'before the status message': { method: 'chat.postMessage' },
  'after the status message': { method: 'chat.postMessage', isDone: true },
  'before the upload': { method: 'files.getUploadURLExternal' },
  'before the file is shared': { method: 'files.completeUploadExternal' },
  'after the file is shared': { method: 'files.completeUploadExternal', isDone: true },
};

test.each(Object.entries(killedAt))(
  'a bot that is killed %s brings one clip in its next life',
  async (_when, at) => {
    const bot = await startBot();
    start('worker');
    const trouble = slack.trouble({ ...at, status: 'hang', times: 1 });
    const mention = slack.mention('she smiles seconds:1', { files: [file] });
    await slack.until(() => trouble.times === 0);
    await bot.kill('SIGKILL');
    await startBot();
    await expectOneClip(mention);
  },
  90_000,
);

test('a bot that is killed after it posted the picture of a command posts it once', async () => {
  const bot = await startBot();
  start('worker');
  const trouble = slack.trouble({ method: 'files.completeUploadExternal', isDone: true, status: 'hang', times: 1 });
  await fill(slack.command('/animate'), { picture: { files: [file] } });
  await slack.until(() => trouble.times === 0);
  await bot.kill('SIGKILL');
  await startBot();
  const starter = await starterIn(slack.garden);
  await slack.clipOf(starter);
  await endOf(starter.ts);
  expect(slack.messagesIn(slack.garden.id)).toHaveLength(1);
  expect(slack.messagesIn(slack.garden.id, starter.ts)).toHaveLength(2);
}, 90_000);

test('a bot that is killed before it has heard of a mention is told of it again', async () => {
  const bot = await startBot();
  await bot.kill('SIGKILL');
  const mention = slack.mention('she smiles seconds:1', { files: [file] });
  await startBot();
  start('worker');
  await expectOneClip(mention);
});

test('a bot that is killed in the middle of the progress goes on telling it', async () => {
  const bot = await startBot();
  start('worker');
  const mention = slack.mention(`hold ${gate()} seconds:1`, { files: [file] });
  await statusUnder(mention, 'Drawing');
  await bot.kill('SIGKILL');
  await startBot();
  await writeFile(gate(), '');
  await expectOneClip(mention);
});

test('while Redis is away a member is told so in time, and nothing of it is begun later', async () => {
  const durable = await startDurableRedis();
  const bot = await startBot({ REDIS_URL: durable.url });
  start('worker', { REDIS_URL: durable.url });
  const view = await slack.viewOf(slack.command('/animate'));
  await durable.halt();
  await bot.said('Redis cannot be reached; waiting for it');
  const sentence = "I can't reach the queue right now, so nothing was started. Please try again in a minute.";
  const values = { picture: { files: [file] }, prompt: 'she smiles', seconds: '1' };
  expect((await slack.submit(view, values)).errors).toEqual({ prompt: sentence });
  await durable.resume();
  // The form is still open, and says yes once Redis is back.
  for (;;) if ((await slack.submit(view, values)).errors === undefined) break;
  await slack.clipOf(await starterIn(slack.garden));
  await Promise.all(installation.roles.map((role) => role.kill('SIGTERM')));
  await durable.stop();
});

test('a mention that comes while Redis is away is made when Slack sends it again, or refused the last time', async () => {
  const durable = await startDurableRedis();
  const bot = await startBot({ REDIS_URL: durable.url });
  start('worker', { REDIS_URL: durable.url });
  const view = await slack.viewOf(slack.command('/animate'));
  const values = { picture: { files: [file] }, prompt: 'she smiles', seconds: '1' };
  await durable.halt();
  await bot.said('Redis cannot be reached; waiting for it');
  const patient = slack.mention('she smiles seconds:1', { files: [file] });
  expect(await slack.told(ADA)).toBe("I can't reach the queue right now. I'll keep trying for a few minutes.");
  const unlucky = slack.mention('she smiles seconds:1', { files: [file] });
  await slack.told(ADA);
  // Slack itself takes minutes for that.
  for (let times = 0; times < 3; times += 1) slack.redeliver(unlucky);
  await slack.until(() => unlucky.acknowledgedAfter !== undefined);
  const sentence = "I can't reach the queue right now, so nothing was started. Please try again in a minute.";
  await slack.until(() => under(unlucky).find(({ text }) => text === sentence));
  expect(patient.acknowledgedAfter).toBeUndefined();
  await durable.resume();
  for (;;) if ((await slack.submit(view, values)).errors === undefined) break;
  slack.redeliver(patient);
  await expectOneClip(patient);
  expect(under(unlucky).filter(isOurs)).toHaveLength(1);
  await Promise.all(installation.roles.map((role) => role.kill('SIGTERM')));
  await durable.stop();
});

test('a button that is pressed twice acts once, and one of another member’s not at all', async () => {
  await startBot();
  start('worker');
  const mention = slack.mention('she smiles seconds:1', { files: [file] });
  await slack.clipOf(threadOf(mention));
  const end = await endOf(threadOf(mention));
  slack.press(end, 'Again');
  slack.press(end, 'Again');
  expect([await slack.told(ADA), await slack.told(ADA)].sort()).toEqual([
    "Got it, I'm already on it.",
    'On it: same words, new seed.',
  ]);
  expect(slack.ephemerals.map(({ thread }) => thread)).toEqual(Array(2).fill(threadOf(mention)));
  for (const label of ['Delete', 'Edit']) {
    slack.press(end, label, { member: BOB });
    expect(await slack.told(BOB)).toMatch(/^(That's Ada's clip|Dieser Clip gehört)/);
  }
  slack.press(end, 'Delete', { member: ADMIN });
  expect(await slack.told(ADMIN)).toBe('Deleted.');
});

test('Cancel tells the truth about what was freed', async () => {
  await startBot();
  const waiting = slack.mention('she smiles seconds:1', { files: [file] });
  slack.press(await statusUnder(waiting, ''), 'Cancel');
  expect(await slack.told(ADA)).toBe('Cancelled before it started.');
  await statusUnder(waiting, 'it took no GPU time');
  start('worker');
  const running = slack.mention(`hold ${gate()} seconds:1`, { files: [file] });
  slack.press(await statusUnder(running, 'Drawing'), 'Cancel');
  expect(await slack.told(ADA)).toBe('Stopping it now.');
  await statusUnder(running, 'the engine is free again');
});

test('members read their own language', async () => {
  await startBot();
  start('worker');
  const mention = slack.mention('sie lächelt seconds:1', { files: [file], member: BOB });
  await slack.clipOf(threadOf(mention));
  const end = await slack.until(() => under(mention).find((each) => labelsOf(each).includes('Noch einmal')));
  expect(contentOf(end)).toContain('*Hier ist dein Clip*');
});

test('an admin sees and steers everything from chat, and a member cannot', async () => {
  await startBot();
  const ask = async (text: string) => {
    slack.command('/animate-admin', text, { member: ADMIN });
    return slack.told(ADMIN);
  };
  slack.command('/animate-admin', 'health');
  expect(await slack.told(ADA)).toBe('Only animate-bot admins can do that.');
  expect(await ask('health')).toMatch(/^\*Broken:\* no worker is online/);
  expect(await ask('')).toContain('`drain WORKER`');
  expect(await ask('dance')).toMatch(/^I don't know dance\. Use one of health, queue/);
  expect(await ask('block nobody')).toBe('Please give a member, such as @ada, after block (you wrote nobody).');
  expect(await ask(`block <@${BOB.id}|bob>`)).toBe('Blocked until you unblock it.');
  slack.mention('she smiles', { files: [file], member: BOB });
  expect(await slack.told(BOB)).toContain('Ein Admin hat dich hier für neue Clips gesperrt.');
  expect(await ask(`unblock <@${BOB.id}|bob>`)).toBe('Unblocked.');
  expect(await ask('pause')).toMatch(/^Paused/);
  const mention = slack.mention('she smiles seconds:1', { files: [file] });
  const status = await statusUnder(mention, 'in line');
  const id = renderOf(status);
  expect(await ask(`job ${id}`)).toContain(`*${id}*: waiting`);
  expect(await ask(`cancel ${id}`)).toBe('Cancelled before it started.');
  expect(await ask('resume')).toBe('Resumed: clips start again.');
});

test('limits are set from chat, for members, groups and channels, and each reads what is left', async () => {
  slack.world.groups.set('S0FRIENDS1', [ADA.id]);
  await startBot();
  const ask = async (text: string) => {
    slack.command('/animate-admin', `limits ${text}`, { member: ADMIN });
    return slack.told(ADMIN);
  };
  expect(await ask('at_once:1')).toContain('Clips at once: 1');
  expect(await ask('<!subteam^S0FRIENDS1|@friends> at_once:2')).toContain('Clips at once: 2');
  expect(await ask('at_most:1')).toBe(
    "I don't know at_most:1. Try for example at_once:3, a member, a channel or reset.",
  );
  const first = slack.mention('she smiles seconds:1', { files: [file] });
  await statusUnder(first, '');
  await statusUnder(slack.mention('she waves seconds:1', { files: [file] }), '');
  slack.mention('and again seconds:1', { files: [file] });
  expect(await slack.told(ADA)).toContain('Wait for one of them, or cancel one.');
  slack.command('/animate', 'help');
  expect(await slack.told(ADA)).toContain('You can start 0 more now (limit: 2 at once)');
  expect(await ask(`<#${slack.garden.id}|garden> per_day:1`)).toContain('Clips a day: 1');
  expect(await ask('history')).toContain('Grace');
});

test('configured admins, by themselves or by their group, are all that there are', async () => {
  slack.world.groups.set('S0ADMINS01', [ADA.id]);
  await startBot({ SLACK_ADMINS: `${BOB.id}, S0ADMINS01` });
  for (const member of [ADA, BOB]) {
    slack.command('/animate-admin', 'queue', { member });
    expect(await slack.told(member)).toMatch(/^\*0 waiting/);
  }
  slack.command('/animate-admin', 'queue', { member: ADMIN });
  expect(await slack.told(ADMIN)).toBe('Only animate-bot admins can do that.');
});

test('the Home tab shows a member’s clips as they come, and the panel to admins alone', async () => {
  await startBot();
  start('worker');
  slack.openHome(ADA);
  const home = await slack.until(() => slack.world.homes.get(ADA.id));
  expect(contentOf(home.json as unknown as FakeMessage)).toContain("You haven't made any clips yet.");
  expect(labelsOf(home.json as unknown as FakeMessage)).toEqual([]);
  const mention = slack.mention('she smiles seconds:1', { files: [file] });
  await expectOneClip(mention);
  const drawn = (): FakeView | undefined => slack.world.homes.get(ADA.id);
  await slack.until(() =>
    contentOf((drawn() as FakeView).json as unknown as FakeMessage).includes('Here is your clip'),
  );
  slack.openHome(ADMIN);
  const panel = await slack.until(() => slack.world.homes.get(ADMIN.id));
  expect(labelsOf(panel.json as unknown as FakeMessage)).toEqual(['Refresh', 'Pause', 'Resume']);
  slack.press(panel, 'Pause');
  await slack.until(() =>
    contentOf(slack.world.homes.get(ADMIN.id)?.json as unknown as FakeMessage).includes('the queue is paused'),
  );
  expect(slack.faults).toEqual([]);
});

test('a text to accept first comes with its button, whichever way the command came, and counts for its member alone', async () => {
  const consentText = 'Only pictures of people who agreed: https://example.com/rules';
  await startBot({ CONSENT_TEXT: consentText });
  start('worker');
  const asked: { labels: string[]; text: string }[] = [];
  const read = (message: Pick<FakeMessage, 'blocks' | 'text'>) =>
    asked.push({ labels: labelsOf(message), text: message.text });
  const askedOf = async (member: typeof ADA, times: number) => {
    const mine = () => slack.world.ephemerals.filter(({ to, blocks }) => to === member.id && blocks.length > 0);
    return slack.until(() => mine()[times - 1]);
  };

  slack.mention('she smiles seconds:1', { files: [file] });
  read(await askedOf(ADA, 1));
  await fill(slack.shortcut('animate_message', slack.post([file])));
  read(await askedOf(ADA, 2));
  await fill(slack.command('/animate'), { picture: { files: [file] } });
  read(await askedOf(ADA, 3));
  const direct = slack.direct('she smiles seconds:1', { files: [file] });
  const inDirect = await slack.until(() => under(direct).find(hasButtons));
  read(inDirect);
  const words =
    "Press the button to accept, and I'll start right away. You can also type `/animate accept` and send your request again.";
  expect(asked).toEqual(Array(4).fill({ labels: ['Accept'], text: `${consentText}\n${words}` }));
  expect(
    [...slack.world.messages.values()].filter(({ blocks, ts }) => blocks.length > 0 && ts !== inDirect.ts),
  ).toEqual([]);

  const thanked = (member: typeof ADA, sentence: string) =>
    slack.until(() => slack.world.ephemerals.find(({ to, text }) => to === member.id && text === sentence));
  slack.press(inDirect, 'Accept', { member: ADA });
  await thanked(ADA, 'On its way');
  await slack.clipOf(threadOf(direct));
  await expectOneClip(slack.mention('she smiles seconds:1', { files: [file] }));
  const mention = slack.mention('she smiles seconds:1', { files: [file], member: BOB });
  slack.press(await askedOf(BOB, 1), 'Zustimmen');
  await thanked(BOB, 'Unterwegs');
  await slack.clipOf(threadOf(mention));
  expect(slack.faults).toEqual([]);
});

test('a form that is open shows how its render stands, and when it is deleted', async () => {
  const bot = await startBot();
  const worker = start('worker');
  const mention = slack.mention('she smiles seconds:1', { files: [file] });
  await expectOneClip(mention);
  await worker.kill('SIGTERM');
  slack.press(await endOf(threadOf(mention)), 'Again');
  const again = await statusUnder(mention, 'Cancel');
  const view = await slack.viewOf(slack.pressById(again, 'render_edit', renderOf(again)));
  const shown = () => JSON.stringify(view.json);
  start('worker');
  await slack.until(() => shown().includes('Here is your clip'));
  await bot.said('Delivered');
  slack.pressById(again, 'render_delete', renderOf(again));
  await slack.until(() => shown().includes('That clip was deleted in the meantime.'));
  expect(slack.faults).toEqual([]);
});

test('a token that Slack refuses is told to the operator, without the token', async () => {
  const token = 'xoxb-another-token-that-is-wrong';
  const bot = start('bot', { SLACK_BOT_TOKEN: token });
  const error = await bot.said('never').catch((reason: Error) => reason.message);
  expect(error).toContain(
    'SLACK_BOT_TOKEN and SLACK_APP_TOKEN: expected the tokens of your app, got one that Slack refuses',
  );
  expect(error).not.toContain(token);
});

test('while Slack is away the page works, and the bot joins when it is back', async () => {
  const trouble = slack.trouble({ method: 'auth.test', status: 503, times: 4 });
  const bot = start('bot');
  await bot.said('The chat page is ready');
  await bot.said('Slack cannot be reached; trying again');
  start('worker');
  await bot.said('Connected to Slack');
  expect(trouble.times).toBe(0);
  await expectOneClip(slack.mention('she smiles seconds:1', { files: [file] }));
});

test('no token is in a log, in a job or in a record', async () => {
  const bot = await startBot({ LOG_LEVEL: 'trace' });
  start('worker', { LOG_LEVEL: 'trace' });
  const mention = slack.mention('she smiles seconds:1', { files: [file] });
  await expectOneClip(mention);
  const connection = connectRedis(installation.redis.url, () => undefined);
  const kept = await everythingIn(connection);
  connection.disconnect();
  const everything = [
    kept,
    ...installation.roles.flatMap(({ lines }) => lines.map((line) => JSON.stringify(line))),
  ].join('\n');
  expect(everything).toContain(mention.message?.ts.replace('.', '-'));
  for (const secret of [slack.botToken, slack.appToken, 'a-verification-token'])
    expect(everything).not.toContain(secret);
  expect(bot.lines.length).toBeGreaterThan(0);
});
