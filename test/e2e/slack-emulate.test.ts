// The real bot process on a Slack service that we did not write, npm's `emulate`: every request of a whole story has to please it.
// It tells a bot nothing by itself, so what members do comes from here, by signed requests, as Slack would send it.
import { createHmac, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'node:querystring';
import { setTimeout as sleep } from 'node:timers/promises';
import { webApi } from '@slack/bolt';
import { createEmulator } from 'emulate';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BOT_SCOPES } from '../../src/bots/slack/manifest.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';
import { type Role, startRole } from '../fakes/roles.ts';
import { stateOf } from '../fakes/slack/form.ts';
import { type Json, type Slack, startSlack } from '../fakes/slack/slack.ts';

const SIGNING_SECRET = 'a-signing-secret-of-tests';
const TOKEN = 'xoxb-of-the-bot';

/** What it does not know over there is answered by our stand-in. */
const UNKNOWN_THERE = ['usergroups.list'];

interface Asked {
  method: string;
  answer: Json;
}

interface Message {
  ts: string;
  thread_ts?: string;
  text: string;
  blocks?: Json[];
  files?: { id: string; name: string }[];
}

let folder: string;
let redis: TestRedis;
let emulator: Awaited<ReturnType<typeof createEmulator>>;
let standIn: Slack;
let front: Server;
let asked: Asked[];
/** What a member alone was told. */
let told: string[];
let roles: Role[];
let bot: string;
let client: webApi.WebClient;
let team: string;
let channel: string;
let ada: string;
let file: string;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Hands every request on, and remembers what came of it; late answers, which there are none of over there, stay here. */
async function serveFront(): Promise<string> {
  front = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    if (request.url === '/response') {
      told.push((JSON.parse(body.toString()) as { text: string }).text);
      response.end('ok');
      return;
    }
    const { authorization = '', 'content-type': type = 'application/x-www-form-urlencoded' } = request.headers;
    const method = request.url?.split('/').at(-1) ?? '';
    const [url, token] = UNKNOWN_THERE.includes(method)
      ? [standIn.url, `Bearer ${standIn.botToken}`]
      : [emulator.url, authorization];
    const answer = await fetch(`${url}${request.url}`, {
      ...{ method: 'POST', headers: { authorization: token, 'content-type': type }, body },
    });
    const text = await answer.text();
    asked.push({ method, answer: JSON.parse(text) as Json });
    if (method === 'chat.postEphemeral') told.push(new URLSearchParams(body.toString()).get('text') ?? '');
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  return `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-emulate-'));
  redis = await startRedis();
  standIn = await startSlack();
  const scopes = [...Object.keys(BOT_SCOPES), 'channels:history', 'channels:join', 'groups:history'];
  const app = { app_id: 'A0APP', bot_id: 'B0BOT', bot_user_id: 'U0BOT', scopes };
  emulator = await createEmulator({
    service: 'slack',
    port: await freePort(),
    seed: {
      slack: {
        ...{ team: { name: 'The garden', domain: 'garden' }, users: [{ name: 'ada', real_name: 'Ada' }] },
        ...{ channels: [{ name: 'garden' }], strict_scopes: true },
        oauth_apps: [
          {
            ...app,
            client_id: '1.2',
            client_secret: 's',
            name: 'animate-bot',
            redirect_uris: [],
            bot_name: 'animate-bot',
          },
        ],
        tokens: [{ token: TOKEN, type: 'bot', user_id: 'U0BOT', ...app }],
      },
    },
  });
  [asked, told, roles] = [[], [], []];
  client = new webApi.WebClient(TOKEN, { slackApiUrl: `${emulator.url}/api/`, retryConfig: { retries: 0 } });
  team = (await client.auth.test()).team_id ?? '';
  channel = (await client.conversations.list()).channels?.find(({ name }) => name === 'garden')?.id ?? '';
  ada = (await client.users.list({})).members?.find(({ name }) => name === 'ada')?.id ?? '';
  await client.apiCall('conversations.join', { channel }).catch(() => undefined);
  const uploaded = await client.filesUploadV2({ channel_id: channel, file: await drawPicture(), filename: 'cat.png' });
  file = (uploaded.files[0] as unknown as { files: { id: string }[] }).files[0]?.id ?? '';
  const { file: described } = await client.files.info({ file });
  const address = await serveFront();
  const port = await freePort();
  bot = `http://127.0.0.1:${port}/slack/events`;
  const environment = {
    ...{ REDIS_URL: redis.url, DATA_FOLDER: join(folder, 'data'), ENGINE: 'test_engines.does_as_told:create' },
  };
  roles.push(
    startRole('bot', {
      ...{ ...environment, SLACK_BOT_TOKEN: TOKEN, SLACK_SIGNING_SECRET: SIGNING_SECRET, SLACK_PORT: String(port) },
      ...{ SLACK_API_URL: `${address}/api/`, SLACK_FILES_URL: new URL(described?.url_private ?? '').origin },
    }),
    startRole('worker', environment),
  );
  await roles[0]?.said('Connected to Slack');
});

afterAll(async () => {
  await Promise.all(roles.map((role) => role.kill('SIGTERM')));
  front.close().closeAllConnections();
  await emulator.close();
  await standIn.close();
  await redis.stop();
  await rm(folder, { recursive: true, force: true });
});

async function tell(body: string, type: string): Promise<Json | undefined> {
  const at = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', SIGNING_SECRET).update(`v0:${at}:${body}`).digest('hex');
  const response = await fetch(bot, {
    method: 'POST',
    headers: { 'content-type': type, 'x-slack-request-timestamp': at, 'x-slack-signature': `v0=${signature}` },
    body,
  });
  expect(response.status).toBe(200);
  const text = await response.text();
  return text === '' ? undefined : (JSON.parse(text) as Json);
}

const tellEvent = (event: Json) =>
  tell(
    JSON.stringify({ type: 'event_callback', team_id: team, event_id: `Ev${randomUUID()}`, event }),
    'application/json',
  );
const interact = (payload: Json) =>
  tell(
    stringify({
      payload: JSON.stringify({
        team: { id: team },
        user: { id: ada, team_id: team },
        api_app_id: 'A0APP',
        ...payload,
      }),
    }),
    'application/x-www-form-urlencoded',
  );

async function newTrigger(): Promise<string> {
  const answer: webApi.WebAPICallResult & { trigger_id?: string } = await client.apiCall('views.generateTriggerId', {
    user_id: ada,
  });
  return answer.trigger_id ?? '';
}

/** A member's message with the picture, and the bot told that it is mentioned there. */
async function mention(text: string): Promise<string> {
  const { ts = '' } = await client.chat.postMessage({ channel, text });
  const files = [{ id: file, mimetype: 'image/png', filetype: 'png' }];
  await tellEvent({ type: 'app_mention', user: ada, channel, ts, text: `<@U0BOT> ${text}`, files });
  return ts;
}

const repliesTo = async (ts: string): Promise<Message[]> =>
  ((await client.conversations.replies({ channel, ts })).messages ?? []).slice(1) as unknown as Message[];

const toLine = ({ method, answer }: Asked) => `${method} ${JSON.stringify(answer)}`.slice(0, 300);

/** The first that is so; over there nothing tells of changes. */
async function until<Value>(look: () => Promise<Value | undefined>): Promise<Value> {
  for (const deadline = Date.now() + 90_000; ; await sleep(100)) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > deadline) throw new Error(`Still not so:\n${[...told, ...asked.map(toLine)].join('\n')}`);
  }
}

const contentOf = ({ blocks = [] }: Message) => JSON.stringify(blocks);
const isClip = ({ files = [] }: Message) => files.some(({ name }) => name.endsWith('.mp4'));
const statusOf = (ts: string, words: string): Promise<Message> =>
  until(async () => (await repliesTo(ts)).find((each) => contentOf(each).includes(words)));
const renderOf = (message: Message): string => /"value":"([\w-]+)"/.exec(contentOf(message))?.[1] ?? '';

async function press(message: Message, thread: string, button: string, trigger = 'none'): Promise<void> {
  const action = { type: 'button', action_id: `render_${button}`, block_id: 'b', value: renderOf(message) };
  await interact({
    ...{ type: 'block_actions', trigger_id: trigger, response_url: `http://127.0.0.1:${portOfFront()}/response` },
    ...{ channel: { id: channel }, container: { type: 'message', channel_id: channel, message_ts: message.ts } },
    ...{ message: { ts: message.ts, thread_ts: thread }, actions: [{ ...action, action_ts: `${Date.now()}.1` }] },
  });
}

const portOfFront = () => (front.address() as AddressInfo).port;
const outcomesOf = (method: string) =>
  asked.filter((each) => each.method === method).map(({ answer }) => answer.ok === true || answer.error);

const lastView = (method: string): Promise<Json> =>
  until(async () => asked.findLast((each) => each.method === method)?.answer.view as Json | undefined);

test('a mention is taken from the first status to the clip in the thread', async () => {
  const gate = join(folder, 'gate');
  const ts = await mention(`hold ${gate} seconds:1 seed:7`);
  await statusOf(ts, 'Drawing');
  await writeFile(gate, '');
  const clip = await until(async () => (await repliesTo(ts)).find(isClip));
  const end = await statusOf(ts, 'render_again');
  expect(clip.text).toContain(`<@${ada}>, your clip is ready!`);
  expect(contentOf(end)).toContain('Here is your clip');
  expect(await repliesTo(ts)).toHaveLength(2);
});

test('Again, Edit and its form, and Delete are taken', async () => {
  const ts = await mention('she smiles seconds:1');
  const end = await statusOf(ts, 'render_again');
  await press(end, ts, 'again');
  await until(async () => told.find((each) => each === 'On it: same words, new seed.'));
  await until(async () => ((await repliesTo(ts)).filter(isClip).length === 2 ? true : undefined));
  await press(end, ts, 'edit', await newTrigger());
  const view = await lastView('views.open');
  const state = stateOf(view.blocks as Json[]);
  state.prompt = { prompt: { type: 'plain_text_input', value: 'she waves' } };
  expect(await interact({ type: 'view_submission', view: { ...view, state: { values: state } } })).toBeUndefined();
  await until(async () => ((await repliesTo(ts)).filter(isClip).length === 3 ? true : undefined));
  await until(async () => {
    const ends = (await repliesTo(ts)).filter((each) => contentOf(each).includes('render_again'));
    return ends.length === 3 ? true : undefined;
  });
  await press(end, ts, 'delete');
  await until(async () => told.find((each) => each === 'Deleted.'));
  const left = await until(async () => {
    const replies = await repliesTo(ts);
    return replies.some((each) => each.ts === end.ts) || replies.filter(isClip).length > 2 ? undefined : replies;
  });
  expect(left.filter(isClip)).toHaveLength(2);
});

test('a command’s form, its picture and its words in the channel are taken', async () => {
  const command = { command: '/animate', text: 'she smiles', team_id: team, user_id: ada, channel_id: channel };
  const more = { trigger_id: await newTrigger(), response_url: `http://127.0.0.1:${portOfFront()}/response` };
  const opened = asked.filter(({ method }) => method === 'views.open').length;
  await tell(stringify({ ...command, ...more }), 'application/x-www-form-urlencoded');
  await until(async () => outcomesOf('views.open')[opened]);
  const view = await lastView('views.open');
  const state = stateOf(view.blocks as Json[]);
  state.picture = { picture: { type: 'file_input', files: [{ id: file }] } };
  state.seconds = { seconds: { type: 'number_input', value: '1' } };
  expect(await interact({ type: 'view_submission', view: { ...view, state: { values: state } } })).toBeUndefined();
  const starter = await until(async () => {
    const { messages = [] } = await client.conversations.history({ channel });
    return (messages as unknown as Message[]).find(({ text }) => text.startsWith(`<@${ada}>\n`));
  });
  expect(starter.files?.map(({ name }) => name)).toEqual(['picture.png']);
  await statusOf(starter.ts, 'render_again');
});

test('the Home tab is taken, with links to the clips', async () => {
  await tellEvent({ type: 'app_home_opened', user: ada, channel: 'D1', tab: 'home' });
  const view = await lastView('views.publish');
  expect(JSON.stringify(view)).toContain('home_open');
  expect(outcomesOf('chat.getPermalink')).not.toEqual([]);
});

test('a member is told alone what is wrong with a picture', async () => {
  const uploaded = await client.filesUploadV2({ channel_id: channel, file: Buffer.from('text'), filename: 'cat.png' });
  file = (uploaded.files[0] as unknown as { files: { id: string }[] }).files[0]?.id ?? '';
  const ts = await mention('she smiles');
  await until(async () => told.find((each) => each.includes("isn't actually a picture")));
  expect((await repliesTo(ts)).filter(({ blocks = [] }) => blocks.length > 0)).toEqual([]);
});

test('nothing that the bot asked for was refused, nor is a method of its story unknown over there', () => {
  const refused = asked.filter(({ answer }) => answer.ok !== true).map(({ method, answer }) => [method, answer.error]);
  expect(refused).toEqual([]);
  expect([...new Set(asked.map(({ method }) => method))].sort()).toEqual([
    ...['auth.test', 'chat.delete', 'chat.getPermalink', 'chat.postEphemeral', 'chat.postMessage', 'chat.update'],
    ...[
      'conversations.info',
      'files.completeUploadExternal',
      'files.delete',
      'files.getUploadURLExternal',
      'files.info',
    ],
    ...[...UNKNOWN_THERE, 'users.info', 'views.open', 'views.publish', 'views.update'],
  ]);
});
