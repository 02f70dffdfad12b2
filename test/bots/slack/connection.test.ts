// How the connection to Slack is told: late answers to pings and routine moves are no outage, a lost scope is the operator's.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startBotOn } from '../../fakes/bot.ts';
import { onSlack } from '../../fakes/chat-platforms.ts';
import { drawPicture } from '../../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../../fakes/redis.ts';
import { ADA, DEFAULT_SCOPES, type Slack, startSlack } from '../../fakes/slack/slack.ts';

const WITHIN = { timeout: 60_000 };

let slack: Slack;
let server: TestRedis;
let bot: Awaited<ReturnType<typeof startBotOn>>;

beforeEach(async () => {
  slack = await startSlack();
  server = await startRedis();
});
afterEach(async () => {
  await bot[Symbol.asyncDispose]();
  await server.stop();
  await slack.close();
});

test('a Slack that answers pings late is not left, and one that moves its sockets is not lost', async () => {
  slack.socket.answerPingsAfter(2500);
  bot = await startBotOn(server, onSlack(slack));
  await slack.until(() => slack.socket.pongs >= 2);
  expect(slack.socket.hellos).toBe(1);
  slack.socket.disconnect('refresh_requested');
  await slack.until(() => slack.socket.hellos === 2);
  expect(bot.logged()).not.toContain('The connection to Slack is lost');
});

test('an app token that is revoked turns the connection red, and another outage ends nothing', async () => {
  bot = await startBotOn(server, onSlack(slack));
  const open = { method: 'apps.connections.open', times: 6 };
  const away = slack.trouble({ ...open, status: 503 });
  slack.socket.drop();
  await slack.until(() => away.times === 0 && slack.socket.hellos === 2);
  const state = () => bot.platform.connection?.();
  await expect.poll(state, WITHIN).toEqual({ isConnected: true, pingMs: undefined });
  slack.trouble({ ...open, error: 'invalid_auth', times: 1 });
  slack.socket.drop();
  await expect
    .poll(() => state()?.fault, WITHIN)
    .toMatchObject({
      setting: 'SLACK_APP_TOKEN',
      sentence: expect.stringContaining('invalid_auth'),
    });
  expect(bot.logged()).toContain('SLACK_APP_TOKEN: Slack refuses the token (invalid_auth)');
  await slack.until(() => slack.socket.hellos === 3);
  await expect.poll(state, WITHIN).toEqual({ isConnected: true, pingMs: undefined });
});

test('a lost scope turns the connection red with the setting’s name, and its member is told', async () => {
  bot = await startBotOn(server, onSlack(slack));
  const file = slack.upload(await drawPicture());
  const team = slack.world.teams.get(slack.teamId);
  if (!team) throw new Error('There is no workspace');
  team.scopes = DEFAULT_SCOPES.filter((scope) => scope !== 'files:read');
  slack.mention('she smiles', { files: [file] });
  expect(await slack.told(ADA)).toMatch(/picture/);
  expect(bot.platform.connection?.().fault).toMatchObject({
    setting: 'SLACK_BOT_TOKEN',
    sentence: expect.stringContaining('files:read'),
  });
  team.scopes = DEFAULT_SCOPES;
  slack.mention('she smiles', { files: [file] });
  await expect.poll(() => bot.logged(), { timeout: 60_000 }).toContain('"Accepted"');
  expect(bot.platform.connection?.().fault).toBeUndefined();
});
