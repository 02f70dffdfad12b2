// A bot that workspaces install themselves: what comes is of the one that has it, whoever it is from, and of one that has it not
// nothing comes, and nothing else suffers.
import type { Installation } from '@slack/bolt';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createInstallations } from '../../../src/bots/slack/installations.ts';
import { createVault } from '../../../src/queue/vault.ts';
import { startBotOn } from '../../fakes/bot.ts';
import { onSlack } from '../../fakes/chat-platforms.ts';
import { drawPicture } from '../../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../../fakes/redis.ts';
import {
  type FakeChannel,
  type FakeEvent,
  type FakeFile,
  type FakeMember,
  type Slack,
  startSlack,
} from '../../fakes/slack/slack.ts';

const WITHIN = { timeout: 60_000 };
const SECRET = 'a-secret-of-at-least-32-characters!';
const CARL: FakeMember = { id: 'U0CARL0004', name: 'Carl', locale: 'en-GB', team: 'T0ELSEWHERE' };

let slack: Slack;
let server: TestRedis;
let redis: Redis;
let file: FakeFile;
let shared: FakeChannel;
let bot: Awaited<ReturnType<typeof startBotOn>>;

beforeEach(async () => {
  slack = await startSlack();
  slack.world.members.set(CARL.id, CARL);
  shared = slack.addChannel({ kind: 'public', hasBot: true, isShared: true });
  server = await startRedis();
  redis = new Redis({ ...server.options, maxRetriesPerRequest: null });
  const installed = {
    ...{ team: { id: slack.teamId }, enterprise: undefined, isEnterpriseInstall: false, user: { id: 'U1' } },
    bot: { token: slack.botToken, scopes: [], id: 'B1', userId: slack.botUserId },
  } as unknown as Installation;
  await createInstallations(createVault(redis, 'slack'), SECRET).storeInstallation(installed);
  file = slack.upload(await drawPicture());
  bot = await startBotOn(server, onSlack(slack, [], { isShared: true, botToken: undefined, secret: SECRET }));
});
afterEach(async () => {
  await bot[Symbol.asyncDispose]();
  redis.disconnect();
  await server.stop();
  await slack.close();
});

const statuses = ({ message }: FakeEvent) =>
  slack
    .messagesIn(message?.channel ?? '', message?.thread ?? message?.ts)
    .filter(({ isFromBot, blocks }) => isFromBot && JSON.stringify(blocks).includes('render_'));
const hasStatus = (event: FakeEvent) => slack.until(() => statuses(event)[0]);

test('a mention of a member from elsewhere, and the form of a button that they press, are of the workspace that has the app', async () => {
  const mention = slack.mention('she smiles', { files: [file], channel: shared, member: CARL });
  await hasStatus(mention);
  await expect.poll(() => bot.logged(), WITHIN).toContain('"Accepted"');
  await bot.finish(/"renderId":"([\w-]+)"/.exec(bot.logged())?.[1] ?? '');
  const done = await slack.until(() =>
    statuses(mention).find(({ blocks }) => JSON.stringify(blocks).includes('_edit')),
  );
  const view = await slack.viewOf(slack.press(done, 'Edit', { member: CARL }));
  const sent = await slack.submit(view, { prompt: 'she laughs' }, { member: CARL });
  expect((sent.payload.team as { id: string }).id).toBe(CARL.team);
  await slack.until(() => statuses(mention).length === 2);
});

test('what comes of a workspace that has not installed the app is given up at once, and the next command goes on', async () => {
  const mention = slack.mention('she smiles', { files: [file], channel: shared });
  await hasStatus(mention);
  const { payload } = mention;
  const unknown = 'T0NOWHERE01';
  const event = { ...(payload.event as object), ts: '1700000000.000001' };
  const authorizations = [{ enterprise_id: null, team_id: unknown, user_id: 'U1', is_bot: true }];
  const foreign = { ...payload, event, team_id: unknown, context_team_id: unknown, authorizations };
  slack.redeliver({ ...mention, id: 'Ev0UNKNOWN', payload: foreign });
  await expect.poll(() => bot.logged(), WITHIN).toContain(`not installed in the workspace ${unknown}`);
  await hasStatus(slack.mention('she laughs', { files: [file], channel: shared }));
  await expect.poll(() => redis.keys('*:inbox-slack:i-*'), WITHIN).toEqual([]);
  const lines = bot.logged().split('\n');
  expect(lines.filter((line) => line.includes(unknown) && line.includes('could not be finished'))).toHaveLength(1);
});
