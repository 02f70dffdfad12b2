// `animate-bot slack`: what an operator is told before anybody uses the bot.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { BOT_SCOPES } from '../../src/bots/slack/manifest.ts';
import { main, run } from '../fakes/roles.ts';
import { DEFAULT_SCOPES, type Slack, startSlack } from '../fakes/slack/slack.ts';

let slack: Slack;

beforeEach(async () => {
  slack = await startSlack();
});
afterEach(() => slack.close());

const ask = (words: string[], env: Record<string, string> = {}) =>
  run(process.execPath, [main, 'slack', ...words], { env: { ...slack.environment, ...env } });

test('manifest prints an app for Socket Mode, with exactly the scopes that are explained, and needs no setting', async () => {
  const { code, stdout, stderr } = await run(process.execPath, [main, 'slack', 'manifest']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const app = JSON.parse(stdout);
  expect(app.oauth_config).toEqual({ scopes: { bot: Object.keys(BOT_SCOPES) } });
  expect(app.settings).toMatchObject({ socket_mode_enabled: true, interactivity: { is_enabled: true } });
  expect(app.settings.event_subscriptions).toEqual({
    bot_events: ['app_home_opened', 'app_mention', 'message.im', 'app_uninstalled', 'tokens_revoked'],
  });
  expect(app.features.slash_commands.map(({ command }: { command: string }) => command)).toEqual([
    '/animate',
    '/animate-admin',
  ]);
  // As in Slack's reference of manifests.
  expect(app.display_information.name.length).toBeLessThanOrEqual(35);
  expect(app.display_information.description.length).toBeLessThanOrEqual(140);
  for (const { name, description } of app.features.shortcuts) {
    expect(name.length).toBeLessThanOrEqual(24);
    expect(description.length).toBeLessThanOrEqual(150);
  }
});

test('manifest with an address prints an app that is told by HTTPS, and that workspaces install', async () => {
  const { stdout } = await run(process.execPath, [main, 'slack', 'manifest', '--address', 'https://bot.example']);
  const app = JSON.parse(stdout);
  const url = 'https://bot.example/slack/events';
  expect(app.settings).toMatchObject({
    ...{ socket_mode_enabled: false, interactivity: { request_url: url } },
    event_subscriptions: {
      request_url: url,
      bot_events: expect.arrayContaining(['app_uninstalled', 'tokens_revoked']),
    },
  });
  expect(app.features.slash_commands.map((command: { url: string }) => command.url)).toEqual([url, url]);
  expect(app.oauth_config.redirect_urls).toEqual(['https://bot.example/slack/oauth_redirect']);
});

test('setup says that everything is there, of the channel, too', async () => {
  const { code, stdout, stderr } = await ask(['setup', '--channel', slack.garden.id]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout.trim().split('\n')).toEqual([
    'ok    Slack is reached straight.',
    'ok    The bot token is that of animate_bot in The garden.',
    'ok    It has every scope that it uses.',
    'ok    #garden: the bot is in it.',
    'ok    Socket Mode works: events come over a socket, and the bot needs no address of its own.',
  ]);
  expect(slack.faults).toEqual([]);
});

test('setup names each scope that is missing, and what it is for', async () => {
  const [team] = slack.world.teams.values();
  Object.assign(team as object, { scopes: DEFAULT_SCOPES.filter((scope) => scope !== 'files:write') });
  const { code, stdout } = await ask(['setup']);
  expect(code).toBe(1);
  expect(stdout).toContain('fail  It lacks files:write (the clip).');
});

test('setup says how to invite the bot into a channel that it is not in, or does not see', async () => {
  const channel = slack.addChannel({ kind: 'public', hasBot: false, name: 'meadow' });
  const { code, stdout } = await ask(['setup', '--channel', channel.id]);
  expect(code).toBe(1);
  expect(stdout).toContain('warn  #meadow: the bot is not in it. Type /invite @animate_bot there.');
  const hidden = slack.addChannel({ kind: 'private', hasBot: false });
  expect((await ask(['setup', '--channel', hidden.id])).stdout).toContain(
    `warn  ${hidden.id}: Slack answers channel_not_found.`,
  );
});

test.each([
  [
    { SLACK_BOT_TOKEN: '', SLACK_APP_TOKEN: '', SLACK_API_URL: '', SLACK_FILES_URL: '' },
    2,
    /SLACK_BOT_TOKEN: expected the token of your bot, got nothing/,
  ],
  [
    { SLACK_BOT_TOKEN: 'hunter2' },
    2,
    /SLACK_BOT_TOKEN: expected the token of a bot, which begins with xoxb-.*got 7 characters/,
  ],
  [{ SLACK_BOT_TOKEN: 'xoxb-wrong-token' }, 1, /fail {2}SLACK_BOT_TOKEN: Slack answers invalid_auth\. Take it from/],
  [{ SLACK_APP_TOKEN: 'xapp-wrong-token' }, 1, /fail {2}SLACK_APP_TOKEN: Slack answers invalid_auth\. Make one under/],
  [{ SLACK_API_URL: 'http://127.0.0.1:9/api/' }, 1, /^Slack \(127\.0\.0\.1:9\) cannot be reached straight: bad port/],
])('with %j it ends with a sentence, and without the token', async (env, expected, sentence) => {
  const { code, stdout, stderr } = await ask(['setup'], env);
  expect(code).toBe(expected);
  expect(stdout + stderr).toMatch(sentence);
  for (const token of ['hunter2', 'wrong-token', slack.botToken, slack.appToken])
    expect(stdout + stderr).not.toContain(token);
});
