// What comes to the bot's own address, signed as Slack signs it: one bad request ends nothing.
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createSlackClient, createSlackLogger, type SlackClient } from '../../../src/bots/slack/client.ts';
import { createWorkspaces } from '../../../src/bots/slack/workspaces.ts';

const SECRET = 'a-signing-secret';
const lines: string[] = [];
const kept: unknown[] = [];
const noted = new Map<string, string>();
/** Resolves with the next note. */
let untilNoted: { promise: Promise<void>; resolve(): void };
let client: SlackClient;
let address: string;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function nextNote() {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

beforeEach(async () => {
  untilNoted = nextNote();
  const logger = createSlackLogger(pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }));
  const port = await freePort();
  client = createSlackClient({
    ...{ appToken: undefined, signingSecret: SECRET, oauth: undefined, secret: undefined, pongSeconds: 15 },
    ...{ host: '127.0.0.1', port, apiUrl: undefined, logger, installations: undefined },
    workspaces: createWorkspaces({ token: 'xoxb-1', installations: undefined, apiUrl: undefined, logger }),
    keep: async (body) => void kept.push(body),
    heardOfSocket: () => undefined,
    notes: {
      isHere: true,
      get: async (name) => noted.get(name),
      async put(name, value) {
        noted.set(name, value);
        untilNoted.resolve();
      },
    },
  });
  await client.start();
  address = `http://127.0.0.1:${port}/slack/events`;
});
afterEach(async () => {
  await client.stop();
  lines.length = 0;
  kept.length = 0;
  noted.clear();
});

const nowInSeconds = () => Math.floor(Date.now() / 1000);

async function post(
  body: string,
  contentType = 'application/json',
  seconds = String(nowInSeconds()),
  after = '',
): Promise<number> {
  const signature = createHmac('sha256', SECRET).update(`v0:${seconds}:${body}`).digest('hex');
  const response = await fetch(address, {
    method: 'POST',
    headers: {
      'content-type': contentType,
      'x-slack-request-timestamp': seconds,
      'x-slack-signature': `v0=${signature}${after}`,
    },
    body,
  });
  await response.text();
  return response.status;
}

const FORM = 'application/x-www-form-urlencoded';

test.each([
  ['null', 'application/json'],
  [' null ', 'application/json'],
  ['payload=null', FORM],
  ['payload=%6eull', FORM],
])('a signed body of %s is refused, and the next request is answered', async (body, contentType) => {
  expect(await post(body, contentType)).toBe(400);
  expect(await post(JSON.stringify({ type: 'url_verification', challenge: 'x' }))).toBe(200);
});

test('a body that is longer than anything of Slack’s is refused', async () => {
  expect(await post(`"${'x'.repeat(2 ** 21)}"`)).toBe(413);
});

test('events that Slack drops are told to the operator, and acknowledged', async () => {
  expect(await post(JSON.stringify({ type: 'app_rate_limited', team_id: 'T1', minute_rate_limited: 1 }))).toBe(200);
  expect(lines.join('')).toContain('some are lost (T1)');
  expect(kept).toEqual([]);
});

const EVENT = JSON.stringify({
  ...{ type: 'event_callback', team_id: 'T1', event_id: 'Ev1' },
  event: { type: 'message', channel: 'D1', channel_type: 'im', user: 'U1', text: 'hello', ts: '1.2' },
});

test.each([
  ['Infinity', () => 'Infinity'],
  ['1e12', () => '1e12'],
  ['with a point', () => `${nowInSeconds()}.5`],
  ['below zero', () => '-1'],
  ['as a hexadecimal number', () => `0x${nowInSeconds().toString(16)}`],
  ['a day ahead', () => String(nowInSeconds() + 24 * 3600)],
  ['a little more than five minutes ahead', () => String(nowInSeconds() + 310)],
  ['a little more than five minutes ago', () => String(nowInSeconds() - 310)],
])('a time %s is refused, though it is signed', async (_what, seconds) => {
  expect(await post(EVENT, 'application/json', seconds())).toBe(401);
  expect(kept).toEqual([]);
});

test('a clock that is four minutes off is no reason to refuse', async () => {
  for (const apart of [-240, 240])
    expect(await post(EVENT, 'application/json', String(nowInSeconds() + apart))).toBe(200);
  expect(kept).toHaveLength(2);
});

test('a request that was recorded does nothing when it is sent again; the same event, signed anew, is heard', async () => {
  const seconds = String(nowInSeconds());
  expect(await post(EVENT, 'application/json', seconds)).toBe(200);
  await untilNoted.promise;
  expect(await post(EVENT, 'application/json', seconds)).toBe(200);
  expect(kept).toHaveLength(1);
  expect(await post(EVENT, 'application/json', String(nowInSeconds() - 1))).toBe(200);
  expect(kept).toHaveLength(2);
});

test('a request that was recorded is refused with anything behind its signature', async () => {
  const seconds = String(nowInSeconds());
  expect(await post(EVENT, 'application/json', seconds)).toBe(200);
  await untilNoted.promise;
  for (const after of ['=', '=1', '=v0']) expect(await post(EVENT, 'application/json', seconds, after)).toBe(401);
  expect(kept).toHaveLength(1);
});

test('nothing is noted of what has no right signature', async () => {
  const headers = { 'x-slack-request-timestamp': String(nowInSeconds()), 'x-slack-signature': 'v0=0123' };
  expect((await fetch(address, { method: 'POST', headers, body: EVENT })).status).toBe(401);
  expect((await fetch(address, { method: 'POST', body: EVENT })).status).toBe(401);
  expect([kept, [...noted]]).toEqual([[], []]);
});
