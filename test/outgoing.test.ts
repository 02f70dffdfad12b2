// How addresses are reached: what the four variables of a proxy say, and that each road out of this process goes by them.
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { Routes } from 'discord.js';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createAttachments } from '../src/bots/discord/attachments.ts';
import { createDiscordRest } from '../src/bots/discord/client.ts';
import { connect } from '../src/bots/discord/connection.ts';
import { createMessages } from '../src/bots/discord/messages.ts';
import { createSlackClient, createSlackLogger } from '../src/bots/slack/client.ts';
import { createFiles } from '../src/bots/slack/files.ts';
import { createUploads } from '../src/bots/slack/uploads.ts';
import { createWorkspaces } from '../src/bots/slack/workspaces.ts';
import { loadConfig } from '../src/config.ts';
import { ConfigError } from '../src/errors.ts';
import { createS3Store } from '../src/media/s3.ts';
import { createTraces } from '../src/ops/traces.ts';
import { createOutgoing, type Outgoing } from '../src/outgoing.ts';
import { startCollector } from './fakes/collector.ts';
import { startDiscord } from './fakes/discord/discord.ts';
import { startProxy, type TestProxy } from './fakes/proxy.ts';
import { startS3 } from './fakes/s3.ts';
import { startSlack } from './fakes/slack/slack.ts';

const outgoingOf = (environment: Record<string, string>): Outgoing => createOutgoing(loadConfig(environment).proxies);

const PROXY = 'http://proxy.example:3128';

describe('which proxy', () => {
  test.each<[Record<string, string>, string, string]>([
    [{}, 'https://discord.com', 'straight'],
    [{ HTTPS_PROXY: PROXY }, 'https://discord.com', `through the proxy ${PROXY}`],
    [{ HTTPS_PROXY: PROXY }, 'wss://gateway.discord.gg', `through the proxy ${PROXY}`],
    [{ HTTPS_PROXY: PROXY }, 'http://collector:4318', 'straight'],
    [{ HTTP_PROXY: PROXY }, 'http://collector:4318', `through the proxy ${PROXY}`],
    [{ HTTP_PROXY: PROXY }, 'https://discord.com', 'straight'],
    [{ ALL_PROXY: PROXY }, 'https://discord.com', `through the proxy ${PROXY}`],
    [{ ALL_PROXY: PROXY }, 'ws://gateway', `through the proxy ${PROXY}`],
    [{ ALL_PROXY: 'http://other:1', https_proxy: PROXY }, 'https://discord.com', `through the proxy ${PROXY}`],
    [{ HTTPS_PROXY: 'http://other:1', https_proxy: PROXY }, 'https://discord.com', `through the proxy ${PROXY}`],
    [{ HTTPS_PROXY: 'proxy.example:3128' }, 'https://discord.com', `through the proxy ${PROXY}`],
    [{ HTTPS_PROXY: 'https://proxy.example' }, 'https://discord.com', 'through the proxy https://proxy.example'],
    [{ HTTPS_PROXY: 'http://ada:hunter22@proxy.example:3128' }, 'https://discord.com', `through the proxy ${PROXY}`],
    [
      { HTTP_PROXY: PROXY, HTTPS_PROXY: PROXY, ALL_PROXY: 'socks://127.0.0.1:1' },
      'http://a',
      `through the proxy ${PROXY}`,
    ],
  ])('with %j %s is reached %s', (environment, address, road) => {
    expect(outgoingOf(environment).describe(address)).toBe(road);
  });

  test.each(['http://127.0.0.1:9000', 'http://localhost', 'http://[::1]:80', 'https://127.3.2.1'])(
    'this machine, %s, is reached straight whatever is set',
    (address) => expect(outgoingOf({ ALL_PROXY: PROXY }).describe(address)).toBe('straight'),
  );

  test.each<[string, string[], string[]]>([
    [
      'discord.com',
      ['https://discord.com', 'https://cdn.discord.com', 'https://DISCORD.com'],
      ['https://notdiscord.com'],
    ],
    ['.discord.com', ['https://discord.com', 'https://cdn.discord.com'], ['https://discord.com.example']],
    ['*.discord.com', ['https://cdn.discord.com'], ['https://slack.com']],
    ['*', ['https://discord.com', 'http://10.0.0.1'], []],
    ['slack.com, discord.com', ['https://slack.com', 'https://discord.com'], ['https://example.com']],
    ['slack.com discord.com', ['https://slack.com', 'https://discord.com'], []],
    ['minio:9000', ['http://minio:9000'], ['http://minio', 'http://minio:9001']],
    ['minio:443', ['https://minio'], ['http://minio']],
    ['10.1.2.3', ['http://10.1.2.3:9000'], ['http://10.1.2.4']],
    ['10.0.0.0/8', ['http://10.255.0.1'], ['http://11.0.0.1', 'http://ten.example']],
    ['fd00::/8', ['http://[fd00::1]:9000'], ['http://[fe80::1]']],
    ['fd00::1', ['http://[fd00::1]'], ['http://[fd00::2]']],
    ['[fd00::1]:9000', ['http://[fd00::1]:9000'], ['http://[fd00::1]']],
    [',, ', [], ['https://discord.com']],
    ['10.0.0.0/99', [], ['http://10.0.0.1']],
  ])('NO_PROXY=%s leaves out %j, and not %j', (exempt, straight, proxied) => {
    const { describe: roadOf } = outgoingOf({ ALL_PROXY: PROXY, no_proxy: exempt });
    expect(straight.filter((address) => roadOf(address) !== 'straight')).toEqual([]);
    expect(proxied.filter((address) => roadOf(address) === 'straight')).toEqual([]);
  });

  test.each<[Record<string, string>, RegExp]>([
    [
      { ALL_PROXY: 'socks5://ada:hunter22@proxy:1080' },
      /ALL_PROXY: expected a proxy for HTTP, .*got socks5:\/\/, which is not supported/,
    ],
    [{ HTTPS_PROXY: 'ftp://ada:hunter22@proxy' }, /HTTPS_PROXY: expected http:\/\/host:port or https:\/\/host:port/],
    [{ http_proxy: 'http://' }, /HTTP_PROXY: expected/],
  ])('%j is refused in words, without what opens the proxy', (environment, sentence) => {
    const load = () => loadConfig(environment);
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(sentence);
    expect(load).not.toThrow(/hunter22/);
  });
});

describe('each road', () => {
  const NEVER = new AbortController().signal;
  const CREDENTIALS = 'ada:a-password-of-tests';
  const log = pino({ level: 'silent' });
  let proxy: TestProxy;
  let outgoing: Outgoing;

  beforeEach(async () => {
    proxy = await startProxy({ credentials: CREDENTIALS });
    const HTTP_PROXY = proxy.url.replace('//', `//${CREDENTIALS}@`);
    outgoing = outgoingOf({ HTTP_PROXY });
  });
  afterEach(async () => {
    expect(proxy.refused).toBe(0);
    await proxy[Symbol.asyncDispose]();
  });

  const withDiscord = async (act: (discord: Awaited<ReturnType<typeof startDiscord>>) => Promise<void>) => {
    const discord = await startDiscord({ host: 'discord.test' });
    try {
      await act(discord);
      expect(discord.faults).toEqual([]);
      expect(new Set(proxy.targets)).toEqual(new Set([new URL(discord.url).host]));
    } finally {
      await discord.close();
    }
  };

  test("Discord's REST, with a file", () =>
    withDiscord(async (discord) => {
      const rest = createDiscordRest({ token: discord.token, apiUrl: `${discord.url}/api`, outgoing });
      expect(await rest.get(Routes.currentApplication())).toMatchObject({ name: 'animate-bot' });
      const file = { name: 'clip.mp4', data: Buffer.from('the clip'), description: 'a clip' };
      const { id } = await createMessages(rest).create(discord.garden.id, 'once', { content: 'Here.' }, [file]);
      expect(discord.world.messages.get(id)?.files).toMatchObject([{ name: 'clip.mp4', bytes: file.data }]);
    }));

  test("Discord's gateway", () =>
    withDiscord(async (discord) => {
      const client = await connect({
        ...{ token: discord.token, apiUrl: `${discord.url}/api`, cdnUrl: discord.url, shards: 'auto', outgoing },
        ...{ onInteraction: () => undefined, log, signal: NEVER },
      });
      expect(client.isReady()).toBe(true);
      // The addresses of its REST API and of its gateway are the same: one tunnel is kept for REST, the other is the gateway's.
      expect(proxy.targets.length).toBeGreaterThanOrEqual(2);
      await client.destroy();
    }));

  test("Discord's media", () =>
    withDiscord(async (discord) => {
      const { id, name } = discord.upload(Buffer.from('the picture'));
      const attachments = createAttachments({ maxBytes: 100, cdnUrl: discord.url, fetch: outgoing.fetch });
      const bytes = await attachments.fetch(`${discord.url}/attachments/${id}/${name}`);
      expect(String(bytes)).toBe('the picture');
    }));

  test("Slack's Web API, its socket, uploads and files", async () => {
    const slack = await startSlack({ host: 'slack.test' });
    try {
      const logger = createSlackLogger(log);
      const { fetch } = outgoing;
      const [token, apiUrl] = [slack.botToken, `${slack.url}/api/`];
      const workspaces = createWorkspaces({ token, apiUrl, installations: undefined, logger, fetch });
      expect(await workspaces.open()).toMatchObject({ ok: true });
      const client = createSlackClient({
        ...{ appToken: slack.appToken, signingSecret: undefined, oauth: undefined, secret: undefined },
        ...{
          host: '127.0.0.1',
          port: 0,
          pongSeconds: 15,
          apiUrl,
          outgoing,
          workspaces,
          installations: undefined,
          logger,
        },
        keep: async () => undefined,
        heardOfSocket: () => undefined,
        notes: { isHere: false, get: async () => undefined, put: async () => undefined },
      });
      const connected = once(client.connection as never, 'connected');
      await client.start();
      await connected;
      const before = proxy.targets.length;
      expect(slack.socket.connections).toBe(1);
      const kept = new Map<string, string>();
      const notes = {
        get: async (key: string) => kept.get(key),
        keep: async (key: string, value: string) => void kept.set(key, value),
      };
      const workspace = await workspaces.of(slack.teamId);
      const shared = await createUploads(notes as never, fetch).share(workspace, 'once', slack.garden.id, async () => ({
        ...{ filename: 'picture.png', title: 'she smiles', altText: undefined, data: Buffer.from('the picture') },
        ...{ thread: undefined, comment: 'Here.' },
      }));
      const file = await createFiles({ maxBytes: 100, filesUrl: slack.url, fetch, log }).fetch(workspace, shared.file);
      expect(String(file.bytes)).toBe('the picture');
      // Slack's own websocket has a tunnel of its own.
      expect(before).toBeGreaterThanOrEqual(2);
      expect(new Set(proxy.targets)).toEqual(new Set([new URL(slack.url).host]));
      expect(slack.faults).toEqual([]);
      await client.stop();
    } finally {
      await slack.close();
    }
  });

  test('the bucket', async () => {
    await using bucket = await startS3();
    const endpoint = bucket.endpoint.replace('127.0.0.1', 's3.test');
    const store = createS3Store({ ...bucket, endpoint }, outgoing);
    await store.write('clips/web-1.mp4', Buffer.from('the clip'));
    const read = await store.read('clips/web-1.mp4');
    expect(read && String(await buffer(read.stream))).toBe('the clip');
    expect(new Set(proxy.targets)).toEqual(new Set([new URL(endpoint).host]));
  });

  test('traces', async () => {
    const collector = await startCollector();
    const endpoint = collector.endpoint.replace('127.0.0.1', 'collector.test');
    const traces = createTraces({ endpoint, headers: {}, version: '1', instance: 'here', log, outgoing });
    await traces.span('render', {}, async () => undefined);
    await traces.close();
    expect(collector.spans().map(({ name }) => name)).toEqual(['render']);
    expect(proxy.targets).toEqual([new URL(endpoint).host]);
    await collector.close();
  });
});

test('what is not a media host is refused with a proxy, too, and the proxy is not asked for it', async () => {
  await using proxy = await startProxy();
  const { fetch } = outgoingOf({ ALL_PROXY: proxy.url });
  const attachments = createAttachments({ maxBytes: 100, cdnUrl: undefined, fetch });
  for (const address of [
    'http://169.254.169.254/latest',
    'https://10.0.0.1/a.png',
    'https://cdn.discordapp.com:8443/a.png',
  ]) {
    await expect(attachments.fetch(address)).rejects.toMatchObject({ code: 'picture_missing' });
  }
  expect(proxy.targets).toEqual([]);
});
