// A render's id may come from anybody: nobody gets at another member's render, its picture or its words by knowing the id.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Member, Place } from '../../src/bots/platform.ts';
import { createFileStore } from '../../src/media/files.ts';
import { GRACE, PICTURE, startBotOn, startTestBot } from '../fakes/bot.ts';
import { onSlack } from '../fakes/chat-platforms.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { createFakePlatform } from '../fakes/platform.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { BOB, startSlack } from '../fakes/slack/slack.ts';

const HERE: Place = { server: 'here', channel: 'garden', roles: [] };
const ELSEWHERE: Place = { ...HERE, server: 'elsewhere' };
const UNKNOWN = { refused: expect.stringContaining('no longer have it') };
const NOT_YOURS = { refused: expect.stringContaining('Ada') };
const WITHIN = { timeout: 60_000 };

let server: TestRedis;
let folder: string;
beforeEach(async () => {
  server = await startRedis();
  folder = await mkdtemp(join(tmpdir(), 'others-'));
});
afterEach(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

type Bot = Awaited<ReturnType<typeof startTestBot>>;
interface Someone {
  member: Member;
  place: Place;
  mayManage: boolean;
}

/** A render of Ada's that was made. */
async function madeByAda(bot: Bot): Promise<string> {
  const told = await bot.platform.animate({ picture: PICTURE, place: HERE });
  const renderId = 'answered' in told ? told.answered : '';
  await bot.finish(renderId);
  await bot.platform.until((messages) => messages[0]?.view.kind === 'done');
  return renderId;
}

/** What comes of everything that somebody can do with a render whose id they know. */
async function tried(bot: Bot, renderId: string, { member, place, mayManage }: Someone) {
  const picture = { ofRender: renderId, mayManage };
  const actions = ['again', 'larger', 'extend', 'cancel', 'delete'] as const;
  const recalled = bot.handlers.recall({ renderId, member, place, mayManage, language: undefined }).then(
    ({ prompt }) => ({ answered: prompt }),
    (error: Error) => ({ refused: error.message }),
  );
  return [
    await bot.platform.animate({ member, place, picture }),
    await recalled,
    ...(await Promise.all(actions.map((action) => bot.platform.press(action, renderId, { member, place, mayManage })))),
  ];
}

test('a member can do nothing with the render of another', async () => {
  await using bot = await startTestBot(server);
  const renderId = await madeByAda(bot);
  const answers = await tried(bot, renderId, { member: GRACE, place: HERE, mayManage: false });
  expect(answers).toEqual(Array(7).fill(NOT_YOURS));
  expect(bot.platform.messages()).toHaveLength(1);
});

test('the manager of one server can do nothing with a render of another server, and does not learn whose it is', async () => {
  await using bot = await startTestBot(server);
  const renderId = await madeByAda(bot);
  const answers = await tried(bot, renderId, { member: GRACE, place: ELSEWHERE, mayManage: true });
  expect(answers).toEqual(Array(7).fill(UNKNOWN));
  expect(bot.platform.messages()).toHaveLength(1);
});

test('those who may manage on one chat service can do nothing with a render of another service', async () => {
  const store = createFileStore(folder);
  await using bot = await startTestBot(server, { store });
  await using other = await startBotOn(server, () => createFakePlatform({ name: 'other' }), { store });
  const renderId = await madeByAda(bot);
  const answers = await tried(other, renderId, { member: GRACE, place: HERE, mayManage: true });
  expect(answers).toEqual(Array(7).fill(UNKNOWN));
  expect(other.platform.messages()).toEqual([]);
});

test('a member does with their own render what they like, and whoever manages the server with anybody’s there', async () => {
  await using bot = await startTestBot(server);
  const renderId = await madeByAda(bot);
  const manager = { member: GRACE, place: HERE, mayManage: true };
  const picture = { ofRender: renderId, mayManage: true };
  expect(await bot.platform.animate({ ...manager, picture })).toHaveProperty('answered');
  expect(await bot.platform.press('again', renderId, manager)).toHaveProperty('answered');
  const own = { ofRender: renderId, mayManage: false };
  expect(await bot.platform.animate({ place: ELSEWHERE, picture: own })).toHaveProperty('answered');
  expect(await bot.platform.press('delete', renderId, { place: ELSEWHERE })).toHaveProperty('answered');
});

test('on Slack a form that says it belongs to another member’s render brings no picture of theirs', async () => {
  const slack = await startSlack();
  const bot = await startBotOn(server, onSlack(slack));
  try {
    const file = slack.upload(await drawPicture());
    slack.mention('she smiles', { files: [file] });
    await expect.poll(() => bot.logged(), WITHIN).toContain('"Accepted"');
    const renderId = /"renderId":"([\w-]+)"/.exec(bot.logged())?.[1] ?? '';

    const command = slack.command('/animate', 'she waves', { member: BOB });
    const view = await slack.viewOf(command);
    const { private_metadata: purpose } = view.json;
    view.json.private_metadata = JSON.stringify({ ...JSON.parse(String(purpose)), renderId });
    view.json.blocks = (view.json.blocks as { block_id?: string }[]).filter(({ block_id }) => block_id !== 'picture');
    await slack.submit(view, {}, { member: BOB });

    await expect.poll(() => bot.logged(), WITHIN).toMatch(/"code":"not_allowed"|"Accepted".*"Accepted"/s);
    expect(bot.logged()).toContain('"code":"not_allowed"');
  } finally {
    await bot[Symbol.asyncDispose]();
    await slack.close();
  }
});
