// How fast Slack is asked: within what it allows for each method, in turn, and without one method holding up another.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createPace, PacedClient } from '../../../src/bots/slack/pace.ts';

const servers: Server[] = [];
let ending: AbortController;

beforeEach(() => {
  ending = new AbortController();
});
afterEach(() => {
  vi.useRealTimers();
  ending.abort();
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A clock that the test sets; timers stay real, because those of node:timers/promises do. */
function clock() {
  let at = 1_000_000;
  return {
    now: () => at,
    pass: (ms: number) => {
      at += ms;
    },
  };
}

async function slackThat(listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/`;
}

test('what can be left out leaves the last of an allowance to what cannot', async () => {
  const { now, pass } = clock();
  const pace = createPace(ending.signal, now);
  for (let number = 0; number < 40; number += 1) expect(pace.tryTurn('chat.update', 'C1')).toBe(0);
  expect(pace.tryTurn('chat.update', 'C1')).toBe(61_000);
  for (let number = 0; number < 10; number += 1) await pace.turn('chat.update', 'C1');
  pass(60_999);
  expect(pace.tryTurn('chat.update', 'C1')).toBeGreaterThan(0);
  pass(1);
  expect(pace.tryTurn('chat.update', 'C1')).toBe(0);
});

test('while somebody waits, what can be left out is', async () => {
  const { now } = clock();
  const pace = createPace(ending.signal, now);
  for (let number = 0; number < 50; number += 1) await pace.turn('chat.update', 'C1');
  const waiting = pace.turn('chat.update', 'C1');
  expect(pace.tryTurn('chat.update', 'C1')).toBeGreaterThan(0);
  ending.abort();
  await expect(waiting).rejects.toThrow();
});

test('messages are a second apart in one channel, and in another are not', async () => {
  const { now } = clock();
  const pace = createPace(ending.signal, now);
  await pace.turn('chat.postMessage', 'C1');
  await pace.turn('chat.postMessage', 'C2');
  expect(pace.tryTurn('chat.postMessage', 'C1')).toBeGreaterThan(0);
});

test('who waits is let go in turn', async () => {
  const pace = createPace(ending.signal);
  const order: number[] = [];
  await Promise.all([1, 2, 3].map((number) => pace.turn('chat.postMessage', 'C1').then(() => order.push(number))));
  expect(order).toEqual([1, 2, 3]);
});

test('a refusal holds back its own method alone, and is made good', async () => {
  const asked: string[] = [];
  const slackApiUrl = await slackThat((request, response) => {
    const method = request.url?.split('/').at(-1) ?? '';
    asked.push(method);
    const isRefused = method === 'chat.update' && asked.filter((each) => each === method).length === 1;
    response.writeHead(isRefused ? 429 : 200, { 'retry-after': '1', 'content-type': 'application/json' });
    response.end(JSON.stringify({ ok: !isRefused }));
  });
  const pace = createPace(ending.signal);
  const client = new PacedClient('xoxb-a', { slackApiUrl }, { pace, isPatient: true, heard: () => undefined });
  const updated = client.chat.update({ channel: 'C1', ts: '1.000001', text: 'x' });
  await vi.waitUntil(() => asked.length === 1);
  await client.views.open({
    trigger_id: 't',
    view: { type: 'modal', title: { type: 'plain_text', text: 'x' }, blocks: [] },
  });
  expect(asked).toEqual(['chat.update', 'views.open']);
  expect((await updated).ok).toBe(true);
  expect(asked).toEqual(['chat.update', 'views.open', 'chat.update']);
});

test('who cannot wait is told at once, without asking Slack', async () => {
  let asked = 0;
  const slackApiUrl = await slackThat((_request, response) => {
    asked += 1;
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}');
  });
  const pace = createPace(ending.signal);
  const client = new PacedClient('xoxb-a', { slackApiUrl }, { pace, isPatient: false, heard: () => undefined });
  pace.hold('chat.update', 'C1', 7000);
  await expect(client.chat.update({ channel: 'C1', ts: '1.000001', text: 'x' })).rejects.toMatchObject({
    retryAfter: 7,
  });
  expect(asked).toBe(0);
});
