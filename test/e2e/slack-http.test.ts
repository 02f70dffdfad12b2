// Slack by HTTPS: the real bot process behind its own address, signed requests, and workspaces that install the app themselves.
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'node:querystring';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connectRedis } from '../../src/queue/redis.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { everythingIn } from '../fakes/redis-contents.ts';
import { type Role, startRole } from '../fakes/roles.ts';
import { ADA, ADMIN, type FakeMessage, type FakeTeam, type Slack, startSlack } from '../fakes/slack/slack.ts';

const SECRET = 'a-secret-of-the-operator-with-40-letters';

let folder: string;
let redis: TestRedis;
let slack: Slack;
let roles: Role[];
let address: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-slack-http-'));
  redis = await startRedis();
  address = `http://127.0.0.1:${await freePort()}`;
  slack = await startSlack({ mode: { requestUrl: `${address}/slack/events` }, retryAfterMs: [0, 200, 400] });
  roles = [];
});

afterEach(async ({ task }) => {
  if (task.result?.state === 'fail') {
    const words = roles.flatMap(({ lines }) => lines).map((line) => JSON.stringify(line).slice(0, 1500));
    process.stderr.write(`${[...words, slack.describe()].join('\n')}\n`);
  }
  await Promise.all(roles.map((role) => role.kill('SIGTERM')));
  await slack.close();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function start(role: 'bot' | 'worker', environment: Record<string, string> = {}): Role {
  const started = startRole(role, {
    ...{ REDIS_URL: redis.url, DATA_FOLDER: join(folder, 'data'), ENGINE: 'test_engines.does_as_told:create' },
    ...environment,
  });
  roles.push(started);
  return started;
}

async function startBot(environment: Record<string, string> = {}): Promise<Role> {
  const bot = start('bot', {
    ...{ ...slack.environment, SLACK_APP_TOKEN: '', SLACK_SIGNING_SECRET: slack.signingSecret },
    ...{ SLACK_PORT: new URL(address).port, ...environment },
  });
  await bot.said('Connected to Slack');
  return bot;
}

/** A bot that workspaces install themselves. */
const startShop = (environment: Record<string, string> = {}): Promise<Role> =>
  startBot({
    ...{ SLACK_BOT_TOKEN: '', SLACK_CLIENT_ID: slack.clientId, SLACK_CLIENT_SECRET: slack.clientSecret },
    ...{ SLACK_SECRET: SECRET, ...environment },
  });

const hasClip = ({ files }: FakeMessage) => files.some(({ name }) => name.endsWith('.mp4'));
const labelsOf = ({ blocks }: FakeMessage) =>
  blocks.flatMap(({ elements = [] }) =>
    (elements as { text?: { text: string } }[]).flatMap(({ text }) => text?.text ?? []),
  );

const endOf = ({ channel, ts }: Pick<FakeMessage, 'channel' | 'ts'>): Promise<FakeMessage> =>
  slack.until(() => slack.messagesIn(channel, ts).find((message) => labelsOf(message).includes('Again')));

async function mentionIn(channel = slack.garden, team = slack.teamId): Promise<FakeMessage> {
  const file = Object.assign(slack.upload(await drawPicture()), { team });
  const { message } = slack.mention('she smiles seconds:1', { files: [file], channel });
  return message as FakeMessage;
}

async function expectOneClip(message: FakeMessage): Promise<void> {
  await slack.clipOf(message);
  await endOf(message);
  expect(slack.messagesIn(message.channel, message.ts).filter(hasClip)).toHaveLength(1);
}

/** A request as Slack makes it, but for what a test changes. */
async function post(
  body: string,
  { at = Math.floor(Date.now() / 1000), secret = slack.signingSecret, type = 'application/json', more = {} } = {},
): Promise<number> {
  const signature = createHmac('sha256', secret).update(`v0:${at}:${body}`).digest('hex');
  const response = await fetch(`${address}/slack/events`, {
    method: 'POST',
    headers: {
      'content-type': type,
      'x-slack-request-timestamp': String(at),
      'x-slack-signature': `v0=${signature}`,
      ...more,
    },
    body,
  });
  await response.text();
  return response.status;
}

interface Arrived {
  status: number;
  page: string;
}

/** What a browser does that follows an installation's link, with the cookies of its own site alone. */
async function install(team: FakeTeam, { isSameBrowser = true } = {}): Promise<Arrived> {
  const begun = await fetch(`${address}/slack/install`, { redirect: 'manual' });
  const [cookie = ''] = (begun.headers.get('set-cookie') ?? '').split(';');
  const asked = new URL(begun.headers.get('location') ?? '');
  expect(asked.origin + asked.pathname).toBe('https://slack.com/oauth/v2/authorize');
  // Slack asks the member; the redirect address is the app's own.
  asked.searchParams.set('redirect_uri', `${address}/slack/oauth_redirect`);
  const agreed = await fetch(`${slack.url}/oauth/v2/authorize${asked.search}`, { redirect: 'manual' });
  const back = agreed.headers.get('location') ?? '';
  expect(back).toContain(`code=${team.code}`);
  const arrived = await fetch(back, { headers: isSameBrowser ? { cookie } : {} });
  return { status: arrived.status, page: await arrived.text() };
}

async function everythingInRedis(): Promise<string> {
  const connection = connectRedis(redis.url, () => undefined);
  const kept = await everythingIn(connection);
  connection.disconnect();
  return kept;
}

const everythingSaid = (): string => roles.flatMap(({ lines }) => lines.map((line) => JSON.stringify(line))).join('\n');

test('Slack finds the bot at its address, and whoever looks there with a browser learns what it is', async () => {
  await startBot();
  expect(await slack.challenge(`${address}/slack/events`)).toContain('a-challenge');
  expect(await (await fetch(`${address}/`)).text()).toBe('animate-bot listens here for Slack.\n');
  expect((await fetch(`${address}/slack/events`)).status).toBe(404);
  expect((await fetch(`${address}/slack/install`)).status).toBe(404);
});

test('an address that the bot cannot listen on is told by the name of its setting', async () => {
  const { port } = new URL(address);
  const other = createServer().listen(Number(port), '127.0.0.1');
  await once(other, 'listening');
  const taken = `SLACK_PORT: expected a free port, got ${port}, which another program listens on`;
  await expect(startBot()).rejects.toThrow(taken);
  other.close();
  const elsewhere = { SLACK_HOST: '192.0.2.1' };
  await expect(startBot(elsewhere)).rejects.toThrow('SLACK_HOST: expected an address of this machine, got 192.0.2.1');
  const unknown = { SLACK_HOST: 'no-such-host.invalid' };
  await expect(startBot(unknown)).rejects.toThrow('SLACK_HOST: expected an address of this machine, got no-such-host');
});

test('a mention, a command with its form, and a button come by signed requests', async () => {
  await startBot();
  start('worker');
  const message = await mentionIn();
  await expectOneClip(message);
  slack.press(await endOf(message), 'Again');
  expect(await slack.told(ADA)).toBe('On it: same words, new seed.');
  await slack.until(() => slack.messagesIn(message.channel, message.ts).filter(hasClip).length === 2);
  const command = slack.command('/animate', 'she waves');
  const picture = { files: [slack.upload(await drawPicture())] };
  expect((await slack.submit(await slack.viewOf(command), { picture, seed: 'x' })).errors).toHaveProperty('seed');
  await slack.submit(await slack.viewOf(command), { picture, seed: '', seconds: '1' });
  const starter = await slack.until(() => slack.messagesIn(slack.garden.id).find(({ isFromBot }) => isFromBot));
  await expectOneClip(starter);
  expect(command.acknowledgedAfter).toBeLessThan(3000);
  expect(slack.faults).toEqual([]);
});

test('a wrong signature, none, and one that is older than five minutes are refused, and nothing comes of them', async () => {
  await startBot();
  const file = slack.upload(await drawPicture());
  const { ts } = slack.post([file], { text: 'look' });
  const event = {
    type: 'app_mention',
    channel: slack.garden.id,
    user: ADA.id,
    ts,
    text: 'x',
    files: [{ id: file.id }],
  };
  const body = JSON.stringify({ type: 'event_callback', team_id: slack.teamId, event_id: 'Ev1', event });
  const now = Math.floor(Date.now() / 1000);
  expect(await post(body, { secret: 'somebody-else-s-secret' })).toBe(401);
  expect(await post(body, { at: now - 301 })).toBe(401);
  expect(await post(body, { more: { 'x-slack-signature': '' } })).toBe(401);
  expect(await post(body, { more: { 'x-slack-signature': 'v0=short' } })).toBe(401);
  expect(await post(body, { more: { 'x-slack-request-timestamp': 'now' } })).toBe(401);
  const form = stringify({ command: '/animate-admin', text: 'pause', user_id: ADMIN.id, team_id: slack.teamId });
  const type = 'application/x-www-form-urlencoded';
  expect(await post(form, { type, secret: 'somebody-else-s-secret' })).toBe(401);
  const asked = slack.requests.length;
  // Whatever was let through would have been kept by now: this is answered after it.
  expect(await post(body, { at: now - 200 })).toBe(200);
  await slack.until(() => slack.messagesIn(slack.garden.id, ts).length > 0);
  expect(slack.requests.slice(0, asked).map(({ method }) => method)).not.toContain('chat.postMessage');
  expect(slack.messagesIn(slack.garden.id, ts)).toHaveLength(1);
});

test('an event that Slack sends again is one render', async () => {
  await startBot();
  start('worker');
  const file = slack.upload(await drawPicture());
  const event = slack.mention('she smiles seconds:1', { files: [file] });
  const body = JSON.stringify(event.payload);
  for (const number of ['1', '2', '3']) {
    const more = { 'x-slack-retry-num': number, 'x-slack-retry-reason': 'http_timeout' };
    expect(await post(body, { more })).toBe(200);
  }
  await expectOneClip(event.message as FakeMessage);
  expect(await post(body, { more: { 'x-slack-retry-num': '3' } })).toBe(200);
  await expectOneClip(await mentionIn());
  await expectOneClip(event.message as FakeMessage);
});

test('a bot that was away when Slack told it is told again', async () => {
  const bot = await startBot();
  await bot.kill('SIGKILL');
  const message = await mentionIn();
  await startBot();
  start('worker');
  // Slack's last attempt comes after five minutes.
  const event = slack.events.at(-1);
  if (event && event.acknowledgedAfter === undefined) slack.redeliver(event);
  await expectOneClip(message);
});

test('workspaces install the app, and each is answered with its own token', async () => {
  await startShop();
  start('worker');
  const installed: (FakeTeam & { garden: typeof slack.garden })[] = [];
  for (const name of ['The orchard', 'The meadow']) {
    const team = slack.addTeam(name);
    expect(await install(team)).toMatchObject({ status: 200, page: expect.stringMatching(/success|thank/i) });
    installed.push(team);
  }
  const messages = await Promise.all(installed.map(({ garden, id }) => mentionIn(garden, id)));
  for (const message of messages) await expectOneClip(message);
  expect(slack.faults).toEqual([]);
  const told = `${await everythingInRedis()}\n${everythingSaid()}`;
  expect(told).toContain('Delivered');
  for (const { botToken } of installed) expect(told).not.toContain(botToken);
  for (const secret of [slack.clientSecret, slack.signingSecret, SECRET]) expect(told).not.toContain(secret);
});

test('a bot whose socket cannot be opened yet does not stand in its own way, and workspaces install it once it is', async () => {
  slack.trouble({ method: 'apps.connections.open', status: 503, times: 3 });
  const shop = await startShop({ SLACK_APP_TOKEN: slack.appToken });
  expect(shop.lines.map(({ msg }) => msg)).toContain('Slack cannot be reached; trying again');
  expect(await install(slack.addTeam())).toMatchObject({ status: 200 });
});

test('a browser that did not begin the installation cannot end it', async () => {
  await startShop();
  const team = slack.addTeam();
  const { status } = await install(team, { isSameBrowser: false });
  expect(status).toBeGreaterThanOrEqual(400);
  expect(slack.requests.map(({ method }) => method)).not.toContain('oauth.v2.access');
  expect(await everythingInRedis()).not.toContain(team.id);
});

test('what was installed is there after a restart, and with another secret the operator is told which is missing', async () => {
  const bot = await startShop();
  const team = slack.addTeam();
  await install(team);
  await bot.kill('SIGTERM');
  const second = await startShop();
  start('worker');
  await expectOneClip(await mentionIn(team.garden, team.id));
  await second.kill('SIGTERM');
  const third = await startShop({ SLACK_SECRET: `${SECRET}-another` });
  await mentionIn(team.garden, team.id);
  const sentence = `SLACK_SECRET: expected the secret that the workspace ${team.id} was installed with, got another.`;
  const line = await third.said('A command could not be finished', (each) => JSON.stringify(each).includes(sentence));
  expect(JSON.stringify(line)).not.toContain(team.botToken);
});

test('a workspace that takes the app out is forgotten, and may install it again', async () => {
  await startShop();
  start('worker');
  const team = slack.addTeam();
  await install(team);
  await expectOneClip(await mentionIn(team.garden, team.id));
  expect(await everythingInRedis()).toContain(`"${team.id}"`);
  for (const event of slack.uninstall(team)) await slack.until(() => event.acknowledgedAfter !== undefined);
  const connection = connectRedis(redis.url, () => undefined);
  await expect.poll(async () => (await connection.keys('*:vault:slack')).length, { timeout: 10_000 }).toBe(0);
  connection.disconnect();
  Object.assign(team, { isInstalled: true, botToken: 'xoxb-a-second-token', code: 'a-second-code' });
  await install(team);
  await expectOneClip(await mentionIn(team.garden, team.id));
});

test('word of an earlier installation’s end does not end the one that is there', async () => {
  await startShop();
  start('worker');
  const team = slack.addTeam();
  await install(team);
  const goodbyes = slack.uninstall(team);
  team.isInstalled = true;
  for (const event of goodbyes) await slack.until(() => event.acknowledgedAfter !== undefined);
  await expectOneClip(await mentionIn(team.garden, team.id));
});
