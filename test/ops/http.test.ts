// What machines may ask a process, and what they have to show for it.
import { request } from 'node:http';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startOpsServer } from '../../src/ops/http.ts';
import { openBoard } from '../../src/queue/board.ts';
import { connectRedis, type Redis } from '../../src/queue/redis.ts';
import { sendBytes } from '../bots/web/send.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

const TOKEN = 'a-token-for-operations';
const bearer = { authorization: `Bearer ${TOKEN}` };

let testRedis: TestRedis;
let redis: Redis;
const stops: (() => Promise<void>)[] = [];

beforeEach(async () => {
  testRedis = await startRedis();
  redis = connectRedis(testRedis.url, () => undefined);
});

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
  redis.disconnect();
  await testRedis.stop();
});

async function serve(token: string | undefined, reasons: string[] = []) {
  const board = openBoard(redis);
  const server = await startOpsServer({
    ...{ host: '127.0.0.1', port: 0, token, queues: board.queues },
    notReady: async () => reasons,
    metrics: async () => ({ contentType: 'text/plain', text: 'animate_queue_waiting 0\n' }),
  });
  stops.push(
    () => board.close(),
    () => server.close(),
  );
  const ask = async (path: string, headers: Record<string, string> = {}, method = 'GET') => {
    const response = await fetch(`${server.address}${path}`, { headers, method, redirect: 'manual' });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  return Object.assign(ask, { address: server.address });
}

/** By hand: fetch does not let anybody choose the host, nor what kind of request it is. */
function statusFor(url: string, headers: Record<string, string>, method = 'GET'): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    request(url, { headers, method }, ({ statusCode }) => resolve(statusCode))
      .on('error', reject)
      .end();
  });
}

test('that it lives and that it is ready are two questions, and the second has reasons', async () => {
  const ask = await serve(TOKEN, ['no engine is loaded yet']);
  expect(await ask('/live')).toMatchObject({ status: 200, text: '{"live":true}' });
  expect(await ask('/ready')).toMatchObject({ status: 503, text: '{"ready":false}' });
  const { text } = await ask('/ready', bearer);
  expect(JSON.parse(text)).toEqual({ ready: false, reasons: ['no engine is loaded yet'] });
  const askReady = await serve(TOKEN);
  expect(await askReady('/ready')).toMatchObject({ status: 200, text: '{"ready":true}' });
});

test('the numbers and the board need the token, by whichever way a program or a browser shows it', async () => {
  const ask = await serve(TOKEN);
  const basic = { authorization: `Basic ${Buffer.from(`anybody:${TOKEN}`).toString('base64')}` };
  for (const path of ['/metrics', '/queues', '/queues/api/queues', '/queues/static/nothing', '/nothing']) {
    const refused = await ask(path);
    expect([path, refused.status]).toEqual([path, 401]);
    expect(refused.headers.get('www-authenticate')).toMatch(/^Basic/);
    const wrong = await ask(path, { authorization: 'Bearer another-token-of-tests' });
    expect([path, wrong.status]).toEqual([path, 401]);
  }
  for (const shown of [bearer, basic]) {
    expect((await ask('/metrics', shown)).text).toContain('animate_queue_waiting');
    expect((await ask('/queues', shown)).text).toContain('<title>animate-bot</title>');
  }
});

test('the board shows every queue, and changes none', async () => {
  const ask = await serve(TOKEN);
  const { queues } = JSON.parse((await ask('/queues/api/queues', bearer)).text) as {
    queues: { name: string; readOnlyMode: boolean }[];
  };
  expect(queues.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['renders-480p-fast', 'renders-720p-best', 'deliveries-discord', 'inbox-discord']),
  );
  expect(queues.every(({ readOnlyMode }) => readOnlyMode)).toBe(true);
  const paused = await ask('/queues/api/queues/renders-480p-fast/pause', bearer, 'PUT');
  expect(paused.status).toBe(405);
});

test('without a token another account of this machine learns that it lives and that it is ready, and nothing else', async () => {
  const ask = await serve(undefined, ['no engine is loaded yet']);
  expect(await ask('/live')).toMatchObject({ status: 200, text: '{"live":true}' });
  expect(await ask('/ready')).toMatchObject({ status: 503, text: '{"ready":false}' });
  for (const headers of [{}, { authorization: 'Bearer ' }, { authorization: 'Bearer undefined' }]) {
    for (const path of ['/metrics', '/queues', '/queues/api/queues', '/nothing']) {
      expect([path, (await ask(path, headers)).status]).toEqual([path, 403]);
    }
  }
  expect((await ask('/metrics')).text).toContain('OPS_TOKEN');
});

test('without a token only this machine’s own names are answered', async () => {
  const board = openBoard(redis);
  stops.push(() => board.close());
  const server = await startOpsServer({
    ...{ host: '127.0.0.1', port: 0, token: undefined, queues: undefined },
    notReady: async () => [],
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
  });
  stops.push(() => server.close());
  expect(await statusFor(`${server.address}/live`, { host: 'localhost' })).toBe(200);
  expect(await statusFor(`${server.address}/live`, { host: 'rebound.example' })).toBe(403);
});

test('a page somewhere else cannot ask in its visitor’s name, but may have a link', async () => {
  const ask = await serve(TOKEN);
  expect((await ask('/metrics', { ...bearer, 'sec-fetch-site': 'cross-site' })).status).toBe(403);
  expect((await ask('/metrics', { ...bearer, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
  const followed = { ...bearer, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
  expect(await statusFor(`${ask.address}/queues`, followed)).toBe(200);
  expect(await statusFor(`${ask.address}/queues`, followed, 'POST')).toBe(403);
});

test('whoever asks while nothing answers is told so, and does not wait', async () => {
  const server = await startOpsServer({
    ...{ host: '127.0.0.1', port: 0, token: TOKEN, queues: undefined },
    notReady: () => new Promise(() => undefined),
    metrics: async () => ({ contentType: 'text/plain', text: '' }),
  });
  stops.push(() => server.close());
  const response = await fetch(`${server.address}/ready`, { headers: bearer });
  expect([response.status, await response.json()]).toEqual([
    503,
    { ready: false, reasons: ['nothing was known after 3 s'] },
  ]);
});

test.each([
  ['an address that is not UTF-8', 'GET /%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
  ['headers without an end', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`, 431],
  ['an unknown method', 'BREW / HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
  ['HTTP/1.1 without a host', 'GET /live HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ['HTTP/1.0 without a host', 'GET /metrics HTTP/1.0\r\n\r\n', 401],
  ['an expectation', 'GET / HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\nConnection: close\r\n\r\n', 417],
])('%s is refused with all the headers', async (_what, bytes, status) => {
  const { address } = await serve(TOKEN);
  const answer = await sendBytes(address, bytes);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer).toContain("content-security-policy: default-src 'self'");
  expect(answer).toContain('x-content-type-options: nosniff');
});
