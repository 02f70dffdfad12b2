// The whole way, with everything hostile in it: real bot and worker processes, a bucket, Discord, Slack and the page at once.
// Secrets are nowhere but where they have to be, and what members type stays what they typed.
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectRedis, type Redis } from '../../src/queue/redis.ts';
import { ADA, type Discord, startDiscord } from '../fakes/discord/discord.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { everythingIn } from '../fakes/redis-contents.ts';
import { type Role, startRole } from '../fakes/roles.ts';
import { startS3, type TestBucket } from '../fakes/s3.ts';
import { type Slack, startSlack } from '../fakes/slack/slack.ts';

const MRKDWN = /"type":"mrkdwn","text":"(?:[^"\\]|\\.)*"/g;
const WEB_TOKEN = 'a-canary-that-opens-the-page';

let folder: string;
let server: TestRedis;
let redis: Redis;
let discord: Discord;
let slack: Slack;
let bucket: TestBucket;
let roles: Role[] = [];
let secrets: Record<string, string>;
let interactionToken: string;

/** One prompt that tries it all. What it would do is looked for afterwards. */
const hostile = () =>
  [
    'she smiles @everyone @here <@300000000000000002> <@&400000000000000001> <#1> <!channel> <!here> <@U0BOB00002>',
    '[click](https://evil.example) <https://evil.example|bank> ||spoiler|| **bold** `code` ~~x~~ > quote',
    `$(touch ${folder}/pwned) \`touch ${folder}/pwned\` ; touch ${folder}/pwned | touch ${folder}/pwned && touch ${folder}/pwned`,
    '../../../../pwned %2e%2e%2f C:\\pwned {{7*7}} <script>alert(1)</script>',
    'x\r\n{"level":30,"msg":"FORGED"}\n\u001b[31mred\u001b[0m\u2028FORGED\u0000',
  ].join(' ');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'canaries-'));
  [server, discord, slack, bucket] = await Promise.all([startRedis(), startDiscord(), startSlack(), startS3()]);
  redis = connectRedis(server.url, () => undefined);
  const environment = {
    ...{ REDIS_URL: server.url, DATA_FOLDER: join(folder, 'data'), LOG_LEVEL: 'trace', WEB_TOKEN },
    ...{ S3_BUCKET: bucket.bucket, S3_ENDPOINT: bucket.endpoint, S3_ACCESS_KEY_ID: bucket.accessKeyId },
    ...{ S3_SECRET_ACCESS_KEY: bucket.secretAccessKey, ENGINE: 'test_engines.does_as_told:create' },
    ...{ ...discord.environment, ...slack.environment },
  };
  // The worker is given them too, as by an operator with one .env for both.
  roles = [startRole('worker', environment), startRole('bot', environment)];
  secrets = {
    'Discord’s token': discord.token,
    'Slack’s bot token': slack.botToken,
    'Slack’s app token': slack.appToken,
    'the page’s token': WEB_TOKEN,
    'the bucket’s key': bucket.secretAccessKey,
  };
  await Promise.all(['Connected to Discord', 'Connected to Slack'].map((message) => roles[1]?.said(message)));

  const picture = await drawPicture();
  const onDiscord = discord.animate(discord.upload(picture, '..pwned.png'), {
    ...{ prompt: hostile().slice(0, 1000), negative: hostile().slice(0, 900), seconds: 1 },
  });
  interactionToken = onDiscord.token;
  const onSlack = slack.mention(hostile().replaceAll('<', '&lt;').replaceAll('>', '&gt;').slice(0, 990), {
    files: [slack.upload(picture, '../../../pwned.png')],
  });
  const form = new FormData();
  for (const [name, value] of Object.entries({
    ...{
      eventId: 'e1',
      author: '<img src=x onerror=alert(1)>\nFORGED',
      text: `prompt:"${hostile().replaceAll('"', '').slice(0, 900)}" seconds:1`,
    },
  })) {
    form.set(name, value);
  }
  form.set('picture', new Blob([new Uint8Array(picture)]), '../../../pwned.png');
  const address = (await roles[1]?.said('The chat page is ready'))?.address;
  const headers = { authorization: `Bearer ${WEB_TOKEN}` };
  const onPage = await fetch(`${address}/api/animate`, { method: 'POST', body: form, headers });
  expect(onPage.status).toBe(202);

  await discord.clipOf(onDiscord);
  await slack.clipOf(onSlack.message ?? '');
  for (const name of ['discord', 'slack', 'web'])
    await roles[1]?.said('Delivered', ({ platform }) => platform === name);
}, 120_000);

afterAll(async () => {
  await Promise.all(roles.map((role) => role.kill('SIGTERM')));
  redis?.disconnect();
  await Promise.all([discord?.close(), slack?.close(), bucket?.[Symbol.asyncDispose](), server?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

/** Names of the secrets that a text has. */
const secretsIn = (text: string): string[] =>
  Object.entries(secrets)
    .filter(([, secret]) => text.includes(secret))
    .map(([name]) => name);

const logged = (): string => roles.flatMap(({ lines }) => lines.map((line) => JSON.stringify(line))).join('\n');

async function filesUnder(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true });
  const nested = entries.map((entry) => {
    const inside = join(path, entry.name);
    if (entry.isDirectory()) return filesUnder(inside);
    return entry.isFile() ? [inside] : [];
  });
  return (await Promise.all(nested)).flat();
}

/** The processes that a process has started, and theirs. */
async function descendants(pid: number): Promise<number[]> {
  const own = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  const children = own.trim().split(' ').filter(Boolean).map(Number);
  return [...children, ...(await Promise.all(children.map(descendants))).flat()];
}

test('no secret is in a log, at the most talkative level', () => {
  expect(logged()).toContain('Delivered');
  expect(secretsIn(logged())).toEqual([]);
  expect(logged()).not.toContain(interactionToken);
});

test('no secret is in Redis, but an interaction’s own token for its minutes', async () => {
  const everything = await everythingIn(redis);
  expect(everything).toContain('she smiles');
  expect(secretsIn(everything)).toEqual([]);
  expect(secretsIn(await everythingIn(redis, (key) => key.includes(':notes:discord:token:')))).toEqual([]);
  expect(await everythingIn(redis, (key) => key.includes(':notes:discord:token:'))).not.toContain(interactionToken);
});

test('no secret is in a file of the data folder', async () => {
  const files = await filesUnder(folder);
  expect(files.length).toBeGreaterThan(0);
  for (const file of files) expect(secretsIn(await readFile(file, 'latin1')), file).toEqual([]);
});

test('no process that looks at pictures or prompts is given a secret', async () => {
  const pids = (await Promise.all(roles.map(({ process: { pid = 0 } }) => descendants(pid)))).flat();
  const environments = await Promise.all(
    pids.map(async (pid) => {
      const [environ, line] = await Promise.all(
        ['environ', 'cmdline'].map((name) => readFile(`/proc/${pid}/${name}`, 'latin1').catch(() => '')),
      );
      return `${environ} ${line}`;
    }),
  );
  expect(environments.some((environment) => environment.includes('render_server'))).toBe(true);
  for (const environment of environments) expect(secretsIn(environment)).toEqual([]);
});

test('no shell and no path took a prompt or a file’s name at its word', async () => {
  expect(existsSync(join(folder, 'pwned'))).toBe(false);
  const names = await filesUnder(folder);
  expect(names.filter((name) => name.includes('pwned'))).toEqual([]);
});

test('no prompt forged a line of a log', () => {
  const lines = roles.flatMap((role) => role.lines);
  expect(lines.filter(({ msg }) => msg.includes('FORGED') || msg.includes('\n'))).toEqual([]);
  for (const line of lines) expect(line).toHaveProperty('level');
});

test('no prompt pinged anybody, or became a link or mark-up', async () => {
  const ours = [...discord.world.messages.values()];
  expect(ours.flatMap(({ pinged }) => pinged).filter((id) => id !== ADA.id)).toEqual([]);
  for (const { content } of ours) {
    expect(content.replaceAll(`<@${ADA.id}>`, '').replaceAll(/<t:\d+:R>/g, '')).not.toMatch(
      /<[@#!]|@(everyone|here)|\]\(https:\/\/evil/,
    );
  }
  // Slack reads mark-up in these; titles and alternative texts of files are shown as they are.
  const onSlack = [...slack.world.messages.values()]
    .filter(({ isFromBot }) => isFromBot)
    .flatMap(({ text, blocks }) => [text, ...[...JSON.stringify(blocks).matchAll(MRKDWN)].map(([marked]) => marked)])
    .join('\n');
  expect(onSlack).toContain('Here is your clip');
  expect(onSlack).not.toMatch(/<!(channel|here)|<@U0BOB00002|<https:\/\/evil/);
  expect(slack.faults).toEqual([]);
});
