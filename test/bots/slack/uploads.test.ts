// Bringing a file to Slack again after an earlier try broke off, on the stand-in and a real Redis.
import { webApi } from '@slack/bolt';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createUploads } from '../../../src/bots/slack/uploads.ts';
import type { Workspace } from '../../../src/bots/slack/workspaces.ts';
import { createNotes } from '../../../src/queue/notes.ts';
import { connectRedis, type Redis } from '../../../src/queue/redis.ts';
import { startRedis, type TestRedis } from '../../fakes/redis.ts';
import { KEEP_MS } from '../../fakes/retention.ts';
import { type Slack, startSlack } from '../../fakes/slack/slack.ts';

let slack: Slack;
let server: TestRedis;
let redis: Redis;

beforeEach(async () => {
  slack = await startSlack();
  server = await startRedis();
  redis = connectRedis(server.url, () => undefined);
});
afterEach(async () => {
  redis.disconnect();
  await server.stop();
  await slack.close();
});

const workspaceOf = (): Workspace => {
  const client = new webApi.WebClient(slack.botToken, {
    slackApiUrl: `${slack.url}/api/`,
    retryConfig: { retries: 0 },
  });
  const { botToken: token, teamId: team, botUserId: botUser } = slack;
  return { team, token, botUser, client, impatient: client };
};

test('a file that an earlier try took away, or that somebody did, is brought anew', async () => {
  const notes = createNotes(redis, 'slack', KEEP_MS);
  const gone = slack.upload(Buffer.from('the clip'));
  gone.state = 'deleted';
  await notes.keep('upload:clip:1', JSON.stringify({ state: 'completing', file: gone.id }));
  const { garden } = slack;
  const workspace = workspaceOf();
  const { file } = await createUploads(notes).share(workspace, 'clip:1', garden.id, async () => ({
    ...{ filename: 'clip.mp4', title: 'she smiles', altText: undefined, data: Buffer.from('the clip') },
    ...{ thread: undefined, comment: 'Here it is.' },
  }));
  expect(file).not.toBe(gone.id);
  expect(slack.messagesIn(garden.id).flatMap(({ files }) => files.map(({ id }) => id))).toEqual([file]);
});

test('a file that is found where an earlier life has asked for it is not read again', async () => {
  const notes = createNotes(redis, 'slack', KEEP_MS);
  const { garden } = slack;
  const shared = slack.upload(Buffer.from('the clip'));
  shared.shares.push({ channel: garden.id, ts: '1.000001', thread: undefined });
  for (const state of ['completing', 'completed']) {
    await notes.keep(`upload:clip:${state}`, JSON.stringify({ state, file: shared.id }));
    const make = () => expect.fail('It is there');
    const found = await createUploads(notes).share(workspaceOf(), `clip:${state}`, garden.id, make);
    expect(found).toEqual({ file: shared.id, ts: '1.000001' });
  }
});
