// What an operator is told of the way to Discord and to Slack: how they are reached, or the cause and what to do, and never a stack.
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startDiscord } from '../fakes/discord/discord.ts';
import { type Hub, startHub } from '../fakes/hub.ts';
import { startProxy, type TestProxy } from '../fakes/proxy.ts';
import { type Ended, main, run } from '../fakes/roles.ts';
import { startSlack } from '../fakes/slack/slack.ts';

const PASSWORD = 'a-password-of-tests';
const TOKENS = {
  DISCORD_TOKEN: 'MTAw.tests.a-token-of-tests-that-is-secret',
  SLACK_BOT_TOKEN: 'xoxb-1111-2222-a-bot-token-that-is-secret',
  SLACK_APP_TOKEN: 'xapp-1-A0ANIMATE1-an-app-token-that-is-secret',
};
const COMMANDS = [
  ['discord', 'setup'],
  ['discord', 'register'],
  ['slack', 'setup'],
  ['doctor', '--quick'],
];

let folder: string;
const closing: (() => PromiseLike<unknown>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-network-'));
});
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  await rm(folder, { recursive: true, force: true });
});

const ask = (words: string[], env: Record<string, string>): Promise<Ended> =>
  run(process.execPath, [main, ...words], {
    cwd: folder,
    env: { DATA_FOLDER: join(folder, 'data'), ...TOKENS, ...env },
  });

const at = (base: string) => ({ DISCORD_API_URL: `${base}/api`, SLACK_API_URL: `${base}/api/` });

async function serve(status: number, type: string, body: string): Promise<number> {
  const server = createServer((_, response) => response.writeHead(status, { 'content-type': type }).end(body));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(async () => server.close().closeAllConnections());
  return (server.address() as AddressInfo).port;
}

/** Nobody listens there any more. */
async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function openProxy(options: Parameters<typeof startProxy>[0]): Promise<TestProxy> {
  const proxy = await startProxy(options);
  closing.push(() => proxy[Symbol.asyncDispose]());
  return proxy;
}

const NETWORKS: [string, () => Promise<Record<string, string>>, RegExp][] = [
  [
    'no network',
    async () => at('http://no-such-host.invalid'),
    /\(no-such-host\.invalid\) cannot be reached straight: its name is not known here\. Check the network and its DNS/,
  ],
  [
    'a port that nobody listens on',
    async () => at(`http://127.0.0.1:${await closedPort()}`),
    /cannot be reached straight: the connection was refused\. Check the address and the firewall/,
  ],
  [
    'a port that no client may speak to',
    async () => at('http://127.0.0.1:9'),
    /cannot be reached straight: bad port\. Check the address, the network and its firewall/,
  ],
  [
    'an outage',
    async () => at(`http://127.0.0.1:${await serve(503, 'text/html', '<html>')}`),
    /answered 503: it has an outage/,
  ],
  [
    'a login page of the network',
    async () => at(`http://127.0.0.1:${await serve(200, 'text/html', '<html>Log in</html>')}`),
    /answered 200 with a page in the place of its API\. A proxy, a firewall or a login page/,
  ],
  [
    'something that does not speak HTTPS',
    async () => at(`https://127.0.0.1:${await serve(200, 'text/plain', 'hello')}`),
    /it does not speak HTTPS there\. Check whether the address begins with/,
  ],
  [
    'a proxy that is not there',
    async () => ({
      ...at('http://discord.test:8080'),
      HTTP_PROXY: `http://ada:${PASSWORD}@127.0.0.1:${await closedPort()}`,
    }),
    /through the proxy http:\/\/127\.0\.0\.1:\d+: that proxy cannot be reached itself: the connection was refused\. Check HTTPS_PROXY/,
  ],
  [
    'a proxy that wants credentials',
    async () => ({
      ...at('http://discord.test:8080'),
      HTTP_PROXY: (await openProxy({ credentials: 'ada:another' })).url,
    }),
    /the proxy wants a name and a password \(407\)\. Give them in the address/,
  ],
  [
    'a proxy that lets nothing through',
    async () => ({ ...at('http://discord.test:8080'), HTTP_PROXY: (await openProxy({ status: 403 })).url }),
    /the proxy refused to connect to it \(403\)\. Have it allowed there/,
  ],
];

test.each(NETWORKS)('%s is told by each command in a sentence', async (_what, prepare, sentence) => {
  const env = await prepare();
  const ended = await Promise.all(COMMANDS.map((words) => ask(words, env)));
  for (const { code, stdout, stderr } of ended) {
    expect(code).toBe(1);
    expect(stdout + stderr).toMatch(sentence);
    expect(stdout + stderr).not.toMatch(/^\s+at |fetch failed|\bError\b/m);
    for (const secret of [PASSWORD, ...Object.values(TOKENS)]) expect(stdout + stderr).not.toContain(secret);
  }
  const told = ended.at(-1)?.stdout.split('\n') ?? [];
  for (const service of ['Discord', 'Slack']) expect(told).toContainEqual(expect.stringMatching(`^fail  ${service} `));
});

test('each command says that it went through the proxy, and nothing of its password', async () => {
  const discord = await startDiscord({ host: 'discord.test' });
  const slack = await startSlack({ host: 'slack.test' });
  const proxy = await openProxy({ credentials: `ada:${PASSWORD}` });
  closing.push(
    () => discord.close(),
    () => slack.close(),
  );
  const env = {
    ...{ ...discord.environment, ...slack.environment },
    HTTP_PROXY: proxy.url.replace('//', `//ada:${PASSWORD}@`),
  };
  const [discordSetup, register, slackSetup, doctor] = await Promise.all(COMMANDS.map((words) => ask(words, env)));
  const road = `through the proxy ${proxy.url}.`;
  expect(discordSetup).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(`ok    Discord is reached ${road}\n`),
  });
  expect(register).toMatchObject({ code: 0, stdout: 'The commands are registered.\n' });
  expect(slackSetup).toMatchObject({ code: 0, stdout: expect.stringContaining(`ok    Slack is reached ${road}\n`) });
  expect(doctor?.stdout).toContain(`ok    Discord Discord is reached ${road} The token is that of animate-bot.\n`);
  expect(doctor?.stdout).toContain(
    `ok    Slack   Slack is reached ${road} The bot token is that of animate_bot in The garden.\n`,
  );
  expect(JSON.stringify([discordSetup, register, slackSetup, doctor])).not.toContain(PASSWORD);
  expect(new Set(proxy.targets)).toEqual(new Set([discord.url, slack.url].map((url) => new URL(url).host)));
  expect([...discord.faults, ...slack.faults, proxy.refused]).toEqual([0]);
});

test('the doctor fails for tokens that the services refuse', async () => {
  const discord = await startDiscord();
  const slack = await startSlack();
  closing.push(
    () => discord.close(),
    () => slack.close(),
  );
  const wrong = { DISCORD_TOKEN: 'a.wrong.token-of-a-bot', SLACK_BOT_TOKEN: 'xoxb-wrong-token' };
  const { code, stdout } = await ask(['doctor', '--quick'], { ...discord.environment, ...slack.environment, ...wrong });
  expect(code).toBe(1);
  expect(stdout).toMatch(/^fail {2}Discord DISCORD_TOKEN: expected the token of a bot, got one that Discord refuses/m);
  expect(stdout).toMatch(/^fail {2}Slack {3}SLACK_BOT_TOKEN: Slack answers invalid_auth\. Take it from/m);
});

test('weights are fetched through the proxy', async () => {
  const hub: Hub = await startHub();
  const proxy = await openProxy({ credentials: `ada:${PASSWORD}` });
  closing.push(() => hub[Symbol.asyncDispose]());
  const { code, stdout } = await ask(['models', 'pull'], {
    ...{ ENGINE: 'diffusers', MODEL: 'tests/small', HF_HOME: join(folder, 'cache'), HF_HUB_DISABLE_XET: '1' },
    ...{ HF_ENDPOINT: `http://hub.test:${hub.port}`, HTTP_PROXY: proxy.url.replace('//', `//ada:${PASSWORD}@`) },
  });
  expect(stdout).toContain('✓ tests/small is whole');
  expect(code).toBe(0);
  expect(new Set(proxy.targets)).toEqual(new Set([`hub.test:${hub.port}`]));
});
