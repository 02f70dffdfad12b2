// The client against bad servers on real unix sockets: whatever they do, it is told as an OperationError with its code.
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { expect, test } from 'vitest';
import { OperationError, type OperationErrorCode } from '../../src/errors.ts';
import { createEngineClient, type EngineClient } from '../../src/gpu/client.ts';
import type { EngineEvent } from '../../src/gpu/protocol.ts';

const IMPATIENT_MS = 200;

const contract = readFileSync(new URL('../contract/render-server.json', import.meta.url), 'utf8');
const [HEALTH] = (JSON.parse(contract) as { health: object[] }).health;
const BODY = { image: 'a.png', prompt: 'she smiles', negative: '', width: 64, height: 64, frames: 5, seed: 7 };
const LOADING = { stage: 'loading', elapsed: 0 };
const FAILED = { stage: 'failed', elapsed: 1, code: 'engine_error', message: 'Zoë – 猫 🐈 failed.', retry: true };

const never = new AbortController().signal;

async function clientOf(listener: RequestListener, answerTimeoutMs?: number) {
  const folder = await mkdtemp(join(tmpdir(), 'client-'));
  const socketPath = join(folder, 's.sock');
  const server = createServer(listener).listen(socketPath);
  await once(server, 'listening');
  const client = createEngineClient(socketPath, answerTimeoutMs === undefined ? {} : { answerTimeoutMs });
  return Object.assign(client, {
    async [Symbol.asyncDispose]() {
      await client.close();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      await rm(folder, { recursive: true });
    },
  });
}

function answers(status: number, body: unknown): RequestListener {
  return (_request, response) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  };
}

/** Takes every render and lets `send` write its events. */
function streams(send: (response: ServerResponse, request: IncomingMessage) => void): RequestListener {
  return (request, response) => {
    if (request.method === 'PUT') return answers(201, HEALTH)(request, response);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    return send(response, request);
  };
}

/** Goes on for as long as anybody listens. */
function endless(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  void pipeline(Readable.from(spaces()), response).catch(() => undefined);
}

function* spaces() {
  for (;;) yield ' '.repeat(2 ** 14);
}

const toText = (event: object) => `id: 0\ndata: ${JSON.stringify(event)}\n\n`;

async function render(client: EngineClient, signal = never): Promise<EngineEvent[]> {
  const events: EngineEvent[] = [];
  for await (const event of client.render('web-1', BODY, signal)) events.push(event);
  return events;
}

const calls: [string, (client: EngineClient, signal?: AbortSignal) => Promise<unknown>][] = [
  ['health', (client, signal = never) => client.health(signal)],
  ['a render', (client, signal = never) => render(client, signal)],
  ['a cancel', (client, signal = never) => client.cancel('web-1', signal)],
];

async function expectFault(call: Promise<unknown>, code: OperationErrorCode, isRetryable = true): Promise<void> {
  const error = await call.then(
    (answer) => answer,
    (reason) => reason,
  );
  expect(error).toBeInstanceOf(OperationError);
  expect(error).toMatchObject({ code, isRetryable, message: expect.stringMatching(/^[A-Z].*\.$/s) });
}

test.each(calls)(
  '%s of no server is engine_unreachable, also where a dead one left its socket or a file',
  async (_, ask) => {
    const folder = await mkdtemp(join(tmpdir(), 'client-'));
    const file = join(folder, 'file.sock');
    await writeFile(file, '');
    for (const socketPath of [join(folder, 'none.sock'), file]) {
      const client = createEngineClient(socketPath);
      await expectFault(ask(client), 'engine_unreachable');
      await client.close();
    }
    await rm(folder, { recursive: true });
  },
);

const faults: [string, RequestListener, OperationErrorCode][] = [
  ['never answers', () => {}, 'engine_unreachable'],
  ['hangs up', (request) => request.socket.destroy(), 'engine_unreachable'],
  [
    'stops in the middle of its answer',
    (_, response) => void response.writeHead(200).write('{"state":'),
    'engine_unreachable',
  ],
  [
    'hangs up in the middle of its answer',
    (request, response) => {
      response.writeHead(200, { 'content-length': 100 }).write('{"state":', () => request.socket.destroy());
    },
    'engine_unreachable',
  ],
  ['speaks no HTTP', (request) => void request.socket.end('I am a teapot\r\n\r\n'), 'engine_unreachable'],
  ['answers with a web page', answers(200, '<html></html>'), 'engine_protocol'],
  ['answers with nothing', answers(200, ''), 'engine_protocol'],
  ['answers with another object', answers(200, { state: 'dreaming' }), 'engine_protocol'],
  ['answers with null', answers(200, 'null'), 'engine_protocol'],
  ['refuses in plain text', answers(500, 'Internal Server Error'), 'engine_protocol'],
  ['refuses with another object', answers(409, { detail: 'no' }), 'engine_protocol'],
  ['refuses with a code of its own', answers(409, { code: 'tired', message: 'No.' }), 'engine_protocol'],
  ['sends us elsewhere', answers(302, ''), 'engine_protocol'],
  ['answers without an end', endless, 'engine_protocol'],
];
test.each(calls.flatMap(([name, ask]) => faults.map((fault) => [name, ...fault, ask] as const)))(
  '%s of a server that %s is a fault',
  async (_name, _does, listener, code, ask) => {
    await using client = await clientOf(listener, IMPATIENT_MS);
    await expectFault(ask(client), code);
  },
);

test.each<[number, string, OperationErrorCode, boolean]>([
  [409, 'busy', 'engine_busy', true],
  [409, 'different_request', 'engine_protocol', false],
  [503, 'not_ready', 'engine_not_ready', true],
  [422, 'bad_request', 'engine_protocol', false],
  [404, 'not_found', 'engine_protocol', false],
  [405, 'method_not_allowed', 'engine_protocol', false],
  [500, 'internal_error', 'engine_protocol', true],
])('a refusal with %i %s is %s, and whether a retry can help is %s', async (status, refused, code, isRetryable) => {
  const message = 'The engine is still loading.';
  await using client = await clientOf(answers(status, { code: refused, message }));
  for (const [, ask] of calls) await expectFault(ask(client), code, isRetryable);
  await expect(client.health(never)).rejects.toThrow(message);
});

test('a render that the server forgot between its start and its events can be tried again', async () => {
  await using client = await clientOf((request, response) => {
    if (request.method === 'PUT') answers(201, HEALTH)(request, response);
    else answers(404, { code: 'unknown_render', message: 'No render web-1 here.' })(request, response);
  });
  await expectFault(render(client), 'engine_exited');
});

test.each(calls)('%s that is given up throws the reason of who gave up', async (_, ask) => {
  const member = new AbortController();
  const reason = new Error('They left');
  await using client = await clientOf(() => member.abort(reason));
  await expect(ask(client, member.signal)).rejects.toBe(reason);
  await expect(ask(client, member.signal)).rejects.toBe(reason);
});

test('a render that is given up between its events throws the reason of who gave up', async () => {
  const member = new AbortController();
  const reason = new Error('They left');
  await using client = await clientOf(streams((response) => void response.write(toText(LOADING))));
  const events = client.render('web-1', BODY, member.signal);
  expect((await events.next()).value).toEqual(LOADING);
  member.abort(reason);
  await expect(events.next()).rejects.toBe(reason);
});

const whole = Buffer.from(toText(LOADING) + toText(FAILED));
test.each([
  ['at once', [whole]],
  ['byte by byte, inside of characters too', Array.from(whole, (byte) => Buffer.of(byte))],
  [
    'with a keep-alive in between',
    [toText(LOADING), ': keep-alive\n\n', toText(FAILED)].map((text) => Buffer.from(text)),
  ],
  ['with other line ends', [Buffer.from(whole.toString().replaceAll('\n', '\r\n'))]],
  ['with lines that are no events', [Buffer.from(`what?\nevent: x\n\n${whole}`)]],
])('events that come %s are read whole', async (_, chunks) => {
  const send = async (response: ServerResponse) => {
    response.socket?.setNoDelay();
    for (const chunk of chunks) await new Promise((resolve) => response.write(chunk, resolve));
    response.end();
  };
  await using client = await clientOf(streams(send));
  expect(await render(client)).toEqual([LOADING, FAILED]);
});

test.each<[string, (response: ServerResponse) => void, OperationErrorCode]>([
  ['ends before the last event', (response) => response.end(toText(LOADING)), 'engine_exited'],
  ['ends in the middle of one', (response) => response.end(`${toText(LOADING)}data: {"stage":`), 'engine_exited'],
  [
    'breaks off in the middle of one',
    (response) => response.write(`${toText(LOADING)}data: {"stage":`, () => response.destroy()),
    'engine_exited',
  ],
  [
    'holds one that is not JSON',
    (response) => response.write(`${toText(LOADING)}data: {"stage\n\n`),
    'engine_protocol',
  ],
  [
    'holds one that is not in the contract',
    (response) => response.write(toText(LOADING) + toText({ stage: 'dreaming', elapsed: 1 })),
    'engine_protocol',
  ],
])('a stream of events that %s is a fault, after what came before', async (_, send, code) => {
  await using client = await clientOf(streams(send));
  const events = client.render('web-1', BODY, never);
  expect((await events.next()).value).toEqual(LOADING);
  await expectFault(events.next(), code);
});

test('events may be far apart', async () => {
  const send = (response: ServerResponse) => {
    response.write(toText(LOADING));
    setTimeout(() => response.end(toText(FAILED)), 3 * IMPATIENT_MS);
  };
  await using client = await clientOf(streams(send), IMPATIENT_MS);
  expect(await render(client)).toEqual([LOADING, FAILED]);
});

test.each(['released', 'recycling', 'not_running'])('a cancel that was %s is told so', async (freed) => {
  await using client = await clientOf(answers(200, { freed, seconds: 0.2 }));
  expect(await client.cancel('web-1', never)).toEqual({ freed, seconds: 0.2 });
});

test('a cancel of a render that the server never got has nothing to stop', async () => {
  await using client = await clientOf(answers(404, { code: 'unknown_render', message: 'No render web-1 here.' }));
  expect(await client.cancel('web-1', never)).toEqual({ freed: 'not_running', seconds: 0 });
});

const hosts: [string, (response: ServerResponse) => unknown][] = [
  ['one event without an end', (response) => pipeline(Readable.from(spaces()), response)],
  [
    'events without an end',
    (response) =>
      pipeline(
        Readable.from(
          (function* () {
            for (;;) yield toText(LOADING);
          })(),
        ),
        response,
      ),
  ],
  ['an event that is too large', (response) => response.write(toText({ ...FAILED, message: 'x'.repeat(70_000) }))],
];
test.each(hosts)('a render with %s is outside the contract', async (_, send) => {
  await using client = await clientOf(
    streams((response) => {
      response.write(toText(LOADING));
      void Promise.resolve(send(response)).catch(() => undefined);
    }),
  );
  await expectFault(render(client), 'engine_protocol');
});

test('a link in the place of a socket leads nowhere, also in the middle of a life', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'client-'));
  const reached: string[] = [];
  const listen = async (name: string) => {
    const server = createServer((request, response) => {
      reached.push(name);
      response.shouldKeepAlive = false;
      answers(200, HEALTH)(request, response);
    }).listen(join(folder, name));
    await once(server, 'listening');
    return server;
  };
  const [own, other] = [await listen('own.sock'), await listen('redis.sock')];
  const client = createEngineClient(join(folder, 'own.sock'));
  await client.health(never);
  await rename(join(folder, 'own.sock'), join(folder, 'moved.sock'));
  await symlink('redis.sock', join(folder, 'own.sock'));
  await expect(client.health(never)).rejects.toMatchObject({ code: 'engine_unreachable' });
  expect(reached).toEqual(['own.sock']);
  await client.close();
  for (const server of [own, other]) server.close();
  await rm(folder, { recursive: true });
});
