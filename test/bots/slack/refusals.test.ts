// What Slack refuses for good stops nothing else and is asked once: the clip comes in another way, or its member is told why not.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startBotOn } from '../../fakes/bot.ts';
import { onSlack } from '../../fakes/chat-platforms.ts';
import { drawPicture } from '../../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../../fakes/redis.ts';
import {
  ADA,
  type FakeEvent,
  type FakeFile,
  type FakeMessage,
  type Slack,
  startSlack,
} from '../../fakes/slack/slack.ts';

let slack: Slack;
let server: TestRedis;
let file: FakeFile;
let bot: Awaited<ReturnType<typeof startBotOn>>;
/** Its half has room for a mark. */
const LARGE = Buffer.alloc(100_000);

/** What shrinking a clip makes of it; undefined where nothing worth watching would be left. */
let smaller: Buffer | undefined;

beforeEach(async () => {
  smaller = undefined;
  slack = await startSlack();
  server = await startRedis();
  file = slack.upload(await drawPicture());
  bot = await startBotOn(server, onSlack(slack), { shrink: async (_clip, maxBytes) => smaller?.subarray(0, maxBytes) });
});
afterEach(async () => {
  await bot[Symbol.asyncDispose]();
  await server.stop();
  expect(slack.faults).toEqual([]);
  await slack.close();
});

const hasClip = ({ files }: FakeMessage) => files.some(({ name }) => name.endsWith('.mp4'));
const contentOf = (message: FakeMessage | undefined) => JSON.stringify([message?.text, message?.blocks]);
const under = ({ message }: FakeEvent) =>
  slack.messagesIn(message?.channel ?? '', message?.thread ?? message?.ts).filter(({ isFromBot }) => isFromBot);
const directly = () => slack.messagesIn(slack.directChannelOf(ADA).id).filter(({ isFromBot }) => isFromBot);
const bytesSent = () => slack.requests.filter(({ method }) => method === 'files.upload').length;
const WITHIN = { timeout: 60_000 };
const delivered = (renderId: string) =>
  expect.poll(async () => (await bot.records.get(renderId))?.isDelivered, WITHIN).toBe(true);

/** A mention whose status message is there. */
async function begun(given: Parameters<Slack['mention']>[1] = {}) {
  const event = slack.mention('she smiles', { files: [file], ...given });
  await expect.poll(() => bot.logged(), WITHIN).toContain('"Accepted"');
  const renderId = /"renderId":"([\w-]+)"/.exec(bot.logged())?.[1] ?? '';
  return { event, renderId };
}

describe('an edit that is refused', () => {
  test.each([
    'edit_window_closed',
    'cant_update_message',
    'external_channel_migrating',
    'invalid_blocks',
    'msg_too_long',
    'streaming_state_conflict',
    'a_code_of_next_year',
  ])('with %s leaves the status as it is, and the clip comes all the same', async (error) => {
    const { event, renderId } = await begun();
    slack.trouble({ method: 'chat.update', error, times: 1000 });
    await bot.finish(renderId);
    await delivered(renderId);
    expect(under(event).filter(hasClip)).toHaveLength(1);
    expect(bytesSent()).toBe(1);
  });

  test('because the channel is archived has the clip come directly', async () => {
    const { renderId } = await begun();
    slack.garden.isArchived = true;
    await bot.finish(renderId);
    await delivered(renderId);
    expect(directly().filter(hasClip)).toHaveLength(1);
    expect(bytesSent()).toBe(1);
  });
});

describe('a share that is refused', () => {
  test('in a locked thread comes directly, and its bytes are sent once', async () => {
    const { event, renderId } = await begun();
    slack.garden.lockedThreads.push(event.message?.ts ?? '');
    await bot.finish(renderId);
    await delivered(renderId);
    expect(directly().filter(hasClip)).toHaveLength(1);
    expect(under(event).filter(hasClip)).toEqual([]);
    expect(bytesSent()).toBe(1);
    expect(contentOf(under(event)[0])).toContain('Here is your clip');
  });

  test.each(['invalid_channel', 'posting_to_channel_denied', 'restricted_action', 'a_code_of_next_year'])(
    'with %s comes directly',
    async (error) => {
      const { renderId } = await begun();
      slack.trouble({ method: 'files.completeUploadExternal', error, times: 1 });
      await bot.finish(renderId);
      await delivered(renderId);
      expect(directly().filter(hasClip)).toHaveLength(1);
      expect(bytesSent()).toBeLessThanOrEqual(2);
    },
  );

  test.each([
    ['files.getUploadURLExternal', 'file_type_not_allowed'],
    ['files.getUploadURLExternal', 'storage_limit_reached'],
    ['files.completeUploadExternal', 'slack_connect_file_upload_sharing_blocked'],
    ['files.completeUploadExternal', 'slack_connect_blocked_file_type'],
    ['files.completeUploadExternal', 'slack_connect_clip_sharing_blocked'],
    ['files.completeUploadExternal', 'file_type_not_allowed'],
  ])('by %s with %s is told in the status', async (method, error) => {
    const { event, renderId } = await begun();
    slack.trouble({ method, error, times: 1000 });
    await bot.finish(renderId);
    await delivered(renderId);
    expect(contentOf(under(event)[0])).toContain("Slack didn't let me post it");
    expect(contentOf(under(event)[0])).not.toContain('too large');
    expect(bytesSent()).toBeLessThanOrEqual(1);
  });

  test.each(['files.getUploadURLExternal', 'files.completeUploadExternal'])(
    'by %s for its size has a smaller clip come',
    async (method) => {
      smaller = Buffer.from('smaller');
      const { event, renderId } = await begun();
      slack.trouble({ method, error: 'file_upload_size_restricted', times: 1 });
      await bot.finish(renderId, LARGE);
      await delivered(renderId);
      const [came] = under(event).filter(hasClip);
      expect(came?.files[0]?.bytes.toString()).toBe('smaller');
      expect(bytesSent()).toBeLessThanOrEqual(2);
    },
  );

  test('for its size, also of the smaller clip, is told in the status', async () => {
    smaller = Buffer.from('smaller');
    const { event, renderId } = await begun();
    slack.trouble({ method: 'files.getUploadURLExternal', error: 'file_upload_size_restricted', times: 1000 });
    await bot.finish(renderId, LARGE);
    await delivered(renderId);
    expect(contentOf(under(event)[0])).toContain('too large');
    expect(slack.requests.filter(({ method }) => method === 'files.getUploadURLExternal')).toHaveLength(2);
    expect(bytesSent()).toBe(0);
  });

  test('everywhere ends with a line in the log, and nothing is tried for a day', async () => {
    const { event, renderId } = await begun();
    ADA.isDeactivated = true;
    slack.garden.lockedThreads.push(event.message?.ts ?? '');
    try {
      await bot.finish(renderId);
      await delivered(renderId);
      expect(bot.logged()).toContain('user_disabled');
      expect(bytesSent()).toBe(1);
    } finally {
      ADA.isDeactivated = false;
    }
  });

  test('for a lost scope says so in the status, names the scope in the log, and sends no byte until it is back', async () => {
    const { event, renderId } = await begun();
    const trouble = slack.trouble({ method: 'files.getUploadURLExternal', error: 'missing_scope', times: 2 });
    await bot.finish(renderId);
    await slack.until(() => contentOf(under(event)[0]).includes('missing a permission'));
    await delivered(renderId);
    expect(trouble.times).toBe(0);
    expect(under(event).filter(hasClip)).toHaveLength(1);
    expect(bytesSent()).toBe(1);
  });

  test('for a lost scope is said once, however often it is tried, and the tries come further apart', async () => {
    const { event, renderId } = await begun();
    slack.trouble({ method: 'files.getUploadURLExternal', error: 'missing_scope', times: 4 });
    const edited = () => under(event)[0]?.edits.map(({ text }) => text) ?? [];
    await bot.finish(renderId);
    await delivered(renderId);
    expect(edited().filter((text) => text === 'Uploading the clip')).toHaveLength(1);
    const tries = slack.requests.filter(({ method }) => method === 'files.getUploadURLExternal').map(({ at }) => at);
    const gaps = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    expect(gaps).toHaveLength(4);
    expect(gaps.every((gap, index) => index === 0 || gap > (gaps[index - 1] ?? 0))).toBe(true);
  });
});

describe('an upload', () => {
  test('that Slack cannot share for a time is sent twice and no more, and then shared', async () => {
    const { event, renderId } = await begun();
    const trouble = slack.trouble({ method: 'files.completeUploadExternal', error: 'fatal_error', times: 4 });
    await bot.finish(renderId);
    await delivered(renderId);
    expect(trouble.times).toBe(0);
    expect(bytesSent()).toBe(2);
    expect(under(event).filter(hasClip)).toHaveLength(1);
  }, 120_000);

  test('whose address fails is tried until it works, because nothing of it was taken', async () => {
    const { event, renderId } = await begun();
    const trouble = slack.trouble({ method: 'files.upload', status: 503, times: 4 });
    await bot.finish(renderId);
    await delivered(renderId);
    expect(trouble.times).toBe(0);
    expect(under(event).filter(hasClip)).toHaveLength(1);
  }, 120_000);

  test('whose answer is lost is not sent again', async () => {
    const { event, renderId } = await begun();
    slack.trouble({ method: 'files.upload', status: 502, isDone: true, times: 1 });
    await bot.finish(renderId);
    await delivered(renderId);
    expect(bytesSent()).toBe(1);
    expect(under(event).filter(hasClip)).toHaveLength(1);
  });

  test('whose answer is lost, and then that of its sharing, is shared once', async () => {
    const { event, renderId } = await begun();
    slack.trouble({ method: 'files.upload', status: 502, isDone: true, times: 1 });
    slack.trouble({ method: 'files.completeUploadExternal', status: 503, isDone: true, times: 1 });
    await bot.finish(renderId);
    await delivered(renderId);
    expect(bytesSent()).toBe(1);
    expect(under(event).filter(hasClip)).toHaveLength(1);
  });
});

test('a failure that cannot be told in its thread is told directly', async () => {
  const { event, renderId } = await begun();
  slack.garden.lockedThreads.push(event.message?.ts ?? '');
  await bot.records.settle(renderId, { kind: 'failed', code: 'render_failed', message: 'It broke.', seconds: 1 });
  await bot.deliveries.add('slack', renderId);
  await delivered(renderId);
  expect(contentOf(directly()[0])).toContain('It broke.');
});

test('a clip that Slack does not let be edited, nor be found, is uploaded once', async () => {
  const { event, renderId } = await begun();
  slack.holdShares();
  await bot.finish(renderId);
  await delivered(renderId);
  expect(bytesSent()).toBe(1);
  slack.releaseShares();
  expect(under(event).filter(hasClip)).toHaveLength(1);
}, 90_000);

describe('where the bot was taken out of the channel', () => {
  const takenOut = async () => {
    const { renderId } = await begun();
    slack.trouble({ method: 'chat.update', error: 'not_in_channel', times: 1000 });
    return renderId;
  };

  test('and the workspace takes no files, its member is told directly, once', async () => {
    const renderId = await takenOut();
    slack.trouble({ method: 'files.getUploadURLExternal', error: 'file_uploads_disabled', times: 1000 });
    await bot.finish(renderId);
    await delivered(renderId);
    expect(directly()).toHaveLength(1);
    expect(bytesSent()).toBe(0);
  });

  test('and its member cannot be reached either, the render comes to its end', async () => {
    const renderId = await takenOut();
    slack.trouble({ method: 'conversations.open', error: 'cannot_dm_bot', times: 1000 });
    await bot.finish(renderId);
    await delivered(renderId);
    expect(directly()).toEqual([]);
  });
});
