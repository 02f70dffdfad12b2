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
let client: SlackClient;
let address: string;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

beforeEach(async () => {
  const logger = createSlackLogger(pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }));
  const port = await freePort();
  client = createSlackClient({
    ...{ appToken: undefined, signingSecret: SECRET, oauth: undefined, secret: undefined, pongSeconds: 15 },
    ...{ host: '127.0.0.1', port, apiUrl: undefined, logger, installations: undefined },
    workspaces: createWorkspaces({ token: 'xoxb-1', installations: undefined, apiUrl: undefined, logger }),
    keep: async (body) => void kept.push(body),
    heardOfSocket: () => undefined,
  });
  await client.start();
  address = `http://127.0.0.1:${port}/slack/events`;
});
afterEach(async () => {
  await client.stop();
  lines.length = 0;
  kept.length = 0;
});

async function post(body: string, contentType = 'application/json'): Promise<number> {
  const seconds = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', SECRET).update(`v0:${seconds}:${body}`).digest('hex');
  const response = await fetch(address, {
    method: 'POST',
    headers: {
      'content-type': contentType,
      'x-slack-request-timestamp': seconds,
      'x-slack-signature': `v0=${signature}`,
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
