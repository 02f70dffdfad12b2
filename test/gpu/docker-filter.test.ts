// docker/socket-proxy.cfg in a real HAProxy before a recorder in the place of Docker: what a worker really asks for gets through,
// and what one asks that was taken over does not.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Precision } from '../../src/config.ts';
import { createDockerRuntime, imageId } from '../../src/gpu/docker.ts';
import { examineDocker } from '../../src/gpu/docker-engine.ts';
import type { Launch, Slot } from '../../src/gpu/runtime.ts';

const settings = fileURLToPath(new URL('../../docker/socket-proxy.cfg', import.meta.url));
const isHere = spawnSync('haproxy', ['-v']).status === 0;

const IMAGE_ID = `sha256:${'a'.repeat(64)}`;
const OWNER = `animate-bot-${'0123456789ab'}-worker`;
const OURS = `animate-bot-${OWNER}-0`;

interface Asked {
  method: string;
  path: string;
  body: string;
}

describe.skipIf(!isHere)('the filter before Docker', () => {
  let folder: string;
  let recorder: Server;
  const proxies: ChildProcess[] = [];
  const asked: Asked[] = [];
  let securityOptions: string[] = [];

  /** As much of Docker as a start of a container asks for; each container ends at once. */
  const answer = (method: string, path: string): [number, object] => {
    if (path === '/info') return [200, { ServerVersion: '28', SecurityOptions: securityOptions }];
    if (path.startsWith('/images/json')) return [200, []];
    if (path.startsWith('/images/')) return [200, { Id: IMAGE_ID }];
    if (path.startsWith('/containers/json')) return [200, []];
    if (path.startsWith('/containers/create')) return [201, { Id: 'one' }];
    if (path.includes('/wait')) return [200, { StatusCode: 1 }];
    return method === 'GET' ? [200, {}] : [204, {}];
  };

  const startProxy = async (name: string, changes: Record<string, string> = {}): Promise<string> => {
    const socketPath = join(folder, name);
    const env = {
      ...{ PROXY_ADDRESS: `unix@${socketPath}`, DOCKER_SOCKET: join(folder, 'docker.sock'), PATH: process.env.PATH },
      ...{ ANIMATE_FOLDER: join(folder, 'animate'), WEIGHTS: 'animate-bot-weights', ...changes },
    };
    proxies.push(spawn('haproxy', ['-db', '-f', settings], { env, stdio: ['ignore', 'inherit', 'inherit'] }));
    await vi.waitUntil(() => existsSync(socketPath), { timeout: 60_000 });
    return socketPath;
  };

  /** The runtime's own requests, by the way of `socketPath`. */
  const run = async (
    socketPath: string,
    changes: { slot?: Slot; launch?: Launch; model?: string; precision?: Precision } = {},
  ) => {
    asked.length = 0;
    vi.stubEnv('DOCKER_HOST', `unix://${socketPath}`);
    const slot = changes.slot ?? { index: 0 };
    const runtime = createDockerRuntime({
      ...{ owner: OWNER, image: 'registry.example/animate-bot-render:1.2', weights: 'animate-bot-weights' },
      engine: {
        name: 'fastvideo',
        model: changes.model,
        precision: changes.precision ?? 'exact',
        rendersPerProcess: 0,
      },
      memoryBytes: 2 ** 34,
      socketFolder: join(folder, 'animate', 'run', 'animate-bot-0123456789ab', 'worker'),
      dataFolder: join(folder, 'animate', 'data', 'engines', 'worker'),
    });
    const { signal } = new AbortController();
    const fault = await runtime.start(slot, signal, changes.launch).catch((error: Error) => error);
    expect(String(fault)).toContain('stopped with exit code 1');
    await runtime.attach(slot, signal);
    await runtime.sweep([]);
    await examineDocker('animate-bot-render');
    await examineDocker(`registry.example:5000/a/b@sha256:${'c'.repeat(64)}`);
    await imageId(new Docker(), `registry.example:5000/a/b@sha256:${'c'.repeat(64)}`);
    return asked.find(({ path }) => path.startsWith('/containers/create')) as Asked;
  };

  const ask = async (
    socketPath: string,
    method: string,
    path: string,
    body = '',
    headers: Record<string, string> = {},
  ): Promise<number | undefined> => {
    const length = headers['transfer-encoding'] ? {} : { 'content-length': Buffer.byteLength(body) };
    const sent = request({ socketPath, method, path, headers: { ...length, ...headers } });
    sent.end(body);
    const [response] = await once(sent, 'response');
    await text(response);
    return response.statusCode;
  };

  let through: string;
  let create: Asked;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'docker-filter-'));
    await mkdir(join(folder, 'animate'));
    recorder = createServer(async (incoming, response) => {
      const [method, path] = [incoming.method ?? '', incoming.url ?? ''];
      asked.push({ method, path, body: await text(incoming) });
      const [status, body] = answer(method, path);
      response
        .writeHead(status, { 'content-type': 'application/json' })
        .end(status === 204 ? '' : JSON.stringify(body));
    }).listen(join(folder, 'docker.sock'));
    await once(recorder, 'listening');
    through = await startProxy('proxy.sock');
    create = await run(through);
  });

  afterAll(async () => {
    vi.unstubAllEnvs();
    for (const proxy of proxies) {
      proxy.kill('SIGKILL');
      await once(proxy, 'exit');
    }
    recorder.closeAllConnections();
    recorder.close();
    await rm(folder, { recursive: true });
  });

  it.each<[string, Parameters<typeof run>[1]]>([
    ['without a GPU', {}],
    ['in eight bits', { precision: 'int8' }],
    ['in eight bits where they are most', { precision: 'mixed' }],
    ['with a GPU', { slot: { index: 7, gpu: { index: 7, id: 'GPU-8f2a1c3d-1111-2222-3333-444455556666' } } }],
    [
      'with a share of a GPU',
      { slot: { index: 1, gpu: { index: 0, id: 'MIG-8f2a1c3d-1111-2222-3333-444455556666' } } },
    ],
    ['in the shared memory of the host', { launch: { hostIpc: true } }],
    ['with another engine of the ladder', { launch: { engine: 'diffusers' } }],
    ['with weights from a hub', { model: 'FastVideo/FastWan2.2-TI2V-5B-FullAttn-Diffusers' }],
  ])('lets the worker make its container %s', async (_, changes) => {
    const made = await run(through, changes);
    expect(made.path).toMatch(/^\/containers\/create\?name=animate-bot-animate-bot-0123456789ab-worker-\d$/);
    expect(JSON.parse(made.body)).not.toHaveProperty('name');
    expect(asked.map(({ method, path }) => `${method} ${path.replace(/\?.*/, '')}`)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^POST .*\/start$/), expect.stringMatching(/^DELETE /)]),
    );
  });

  it('lets a container be made whose folders have long names', async () => {
    const { path, body } = create;
    const deep = Array(8).fill('a'.repeat(240)).join('/');
    const long = body.replaceAll('/engine-0', `/${deep}/engine-0`);
    expect(long.length).toBeGreaterThan(6500);
    expect(await ask(through, 'POST', path, long)).toBe(201);
  });

  it('lets a worker of a rootless engine be root, and no other', async () => {
    securityOptions = ['name=rootless'];
    try {
      const rootless = await startProxy('rootless.sock', { ROOTLESS: 'yes' });
      const { path, body } = await run(rootless);
      expect(JSON.parse(body)).toMatchObject({ User: '0:0' });
      expect(await ask(rootless, 'POST', path, body)).toBe(201);
      expect(await ask(through, 'POST', path, body)).toBe(403);
    } finally {
      securityOptions = [];
    }
  });

  it('lets nothing be made where it was not told which folders are its own', async () => {
    const { path, body } = create;
    const bare = await startProxy('bare.sock', { ANIMATE_FOLDER: '' });
    expect(await ask(bare, 'POST', path, body)).toBe(403);
    expect(await ask(bare, 'POST', path, body.replaceAll(join(folder, 'animate'), ''))).toBe(403);
  });

  type Host = Record<string, unknown>;
  const inHost = (changes: Host) => (body: Host) => ({
    ...body,
    HostConfig: { ...(body.HostConfig as Host), ...changes },
  });
  const bodies: [string, (body: Host) => unknown][] = [
    ['privileges', inHost({ Privileged: true })],
    ['privileges in lower case', inHost({ privileged: true })],
    ['the root of the host', inHost({ Binds: ['/:/host'] })],
    [
      'one more folder of the host',
      (body) => inHost({ Binds: [...((body.HostConfig as Host).Binds as []), '/:/h'] })(body),
    ],
    ["the host's processes", inHost({ PidMode: 'host' })],
    ["the host's network", inHost({ NetworkMode: 'host' })],
    ['a capability', inHost({ CapAdd: ['SYS_ADMIN'] })],
    ['no security options', inHost({ SecurityOpt: ['seccomp=unconfined'] })],
    [
      'a device',
      inHost({ Devices: [{ PathOnHost: '/dev/sda', PathInContainer: '/dev/sda', CgroupPermissions: 'rwm' }] }),
    ],
    ['a mount', inHost({ Mounts: [{ Type: 'bind', Source: '/', Target: '/host' }] })],
    ['volumes of another container', inHost({ VolumesFrom: ['animate-bot-redis-1'] })],
    ['another runtime', inHost({ Runtime: 'evil' })],
    ['a root that can be written', inHost({ ReadonlyRootfs: false })],
    ['another parent of control groups', inHost({ CgroupParent: '/' })],
    ['another program', (body) => ({ ...body, Entrypoint: ['sh', '-c', 'id'] })],
    ['other arguments', (body) => ({ ...body, Cmd: ['--engine', 'os:system'] })],
    ['an environment', (body) => ({ ...body, Env: ['LD_PRELOAD=/workspace/inputs/a.png'] })],
    ['the user root', (body) => ({ ...body, User: '0:0' })],
    ['the user root, said otherwise', (body) => ({ ...body, User: '00:1000' })],
    ['the group root', (body) => ({ ...body, User: '1000:0' })],
    ['a network', (body) => ({ ...body, NetworkDisabled: false })],
    ['an image by its name', (body) => ({ ...body, Image: 'debian' })],
    ['labels of another', (body) => ({ ...body, Labels: { 'com.docker.compose.service': 'redis' } })],
    ['a program that asks for health', (body) => ({ ...body, Healthcheck: { Test: ['CMD', 'id'] } })],
    ['a key that nobody knows', (body) => ({ ...body, Extra: 1 })],
  ];
  it.each(bodies)('refuses a container with %s', async (_, change) => {
    const { path, body } = create;
    expect(await ask(through, 'POST', path, JSON.stringify(change(JSON.parse(body))))).toBe(403);
  });

  it.each<[string, (body: string) => string]>([
    ['a second HostConfig', (body) => body.replace(/\}$/, ',"HostConfig":{"Privileged":true}}')],
    ['two values', (body) => `${body}{"HostConfig":{"Privileged":true}}`],
    ['a way up in a folder', (body) => body.replaceAll(/\/engine-0:/g, '/../../engine-0:')],
    ['a folder beside ours', (body) => body.replaceAll('/animate/', '/animate-other/')],
    ['other weights', (body) => body.replace('animate-bot-weights:', '/etc:')],
    ['weights that can be written', (body) => body.replace(':/weights:ro', ':/weights')],
    ['an escape', (body) => body.replace('"NetworkMode":"none"', '"NetworkMode":"\\u0068ost"')],
    ['nothing', () => ''],
    ['much behind it', (body) => `${body}${' '.repeat(40_000)}{"HostConfig":{"Privileged":true}}`],
  ])('refuses a body with %s', async (_, change) => {
    const { path, body } = create;
    expect(change(body)).not.toBe(body);
    expect([403, 413]).toContain(await ask(through, 'POST', path, change(body)));
  });

  it('refuses a body in pieces, whose end nobody has seen', async () => {
    const { path, body } = create;
    expect(await ask(through, 'POST', path, body, { 'transfer-encoding': 'chunked' })).toBe(403);
  });

  it.each([
    ['POST', '/containers/create'],
    ['POST', '/containers/create?name=animate-bot-x'],
    ['POST', `/containers/create?n%61me=evil&name=${OURS}`],
    ['POST', `/containers/create?name=${OURS}&name=evil`],
    ['POST', `/containers/create?name=${OURS};name=evil`],
    ['POST', `/containers/create?name=${OURS}&platform=linux`],
    ['POST', `/v1.41/containers/create?name=${OURS}`],
    ['POST', `//containers/create?name=${OURS}`],
    ['POST', `/containers/./create?name=${OURS}`],
  ])('refuses to make one by %s %s', async (method, path) => {
    expect(await ask(through, method, path, create.body)).toBe(403);
  });

  it('refuses an old API, where a start could still bring privileges, and a start with a body', async () => {
    const body = JSON.stringify({ Privileged: true, Binds: ['/:/host'] });
    expect(await ask(through, 'POST', `/v1.20/containers/${OURS}/start`, body)).toBe(403);
    expect(await ask(through, 'POST', `/containers/${OURS}/start`, body)).toBe(403);
    expect(await ask(through, 'POST', `/containers/${OURS}/start`)).toBe(204);
  });

  it.each([
    ['POST', '/containers/animate-bot-redis-1/stop?t=5'],
    ['DELETE', '/containers/animate-bot-redis-1?force=true&v=true'],
    ['POST', '/containers/animate-bot-socket-proxy-1/stop?t=5'],
    ['GET', '/containers/animate-bot-bot-1/logs?stdout=true&stderr=true&tail=50'],
    ['GET', '/containers/animate-bot-bot-1/json'],
    ['GET', '/containers/json'],
    ['GET', '/containers/json?all=1'],
    ['GET', '/containers/json?all=true&filters=%7B%22label%22%3A%5B%22com.docker.compose.project%22%5D%7D'],
    ['GET', '/images/json'],
    ['GET', '/images/x/../../containers/other/json'],
    ['GET', '/images/x/..%2f..%2fcontainers/other/json'],
    ['GET', '/images/x//json'],
    ['GET', `/containers/${OURS}/../other/json`],
    ['GET', `/containers/${OURS}/logs?stdout=true&stderr=true&follow=true`],
    ['GET', `/containers/${OURS}/archive?path=/etc/shadow`],
    ['PUT', `/containers/${OURS}/archive?path=/`],
    ['POST', `/containers/${OURS}/exec`],
    ['POST', `/containers/${OURS}/attach?stream=1`],
    ['POST', `/containers/${OURS}/update`],
    ['POST', `/containers/${OURS}/rename?name=other`],
    ['POST', `/containers/${OURS}/kill`],
    ['POST', '/build'],
    ['POST', '/images/create?fromImage=debian'],
    ['POST', '/volumes/create'],
    ['POST', '/networks/create'],
    ['POST', '/swarm/init'],
    ['POST', '/session'],
    ['POST', '/plugins/pull'],
    ['GET', '/events'],
    ['HEAD', '/info'],
    ['OPTIONS', '/info'],
    ['GET', '/info?x=1'],
    // Podman's own, which it answers beside Docker's.
    ['GET', '/_ping'],
    ['GET', '/libpod/info'],
    ['GET', '/v4.0.0/libpod/info'],
    ['GET', '/v4.0.0/libpod/images/json'],
    ['POST', '/v4.0.0/libpod/containers/create'],
    ['POST', `/libpod/containers/create?name=${OURS}`],
    ['POST', `/libpod/containers/${OURS}/start`],
    ['POST', '/v4.0.0/libpod/pods/create'],
    ['POST', '/v4.0.0/libpod/play/kube'],
    ['GET', '/images/x/../../libpod/info'],
    ['GET', `/v1.41/containers/${OURS}/json`],
  ])('refuses %s %s', async (method, path) => {
    expect(await ask(through, method, path)).toBe(403);
  });

  it('hands no connection over to another protocol', async () => {
    const headers = { connection: 'upgrade', upgrade: 'tcp' };
    expect(await ask(through, 'POST', `/containers/${OURS}/start`, '', headers)).toBe(403);
  });

  it('takes a second request on a connection for one of its own', async () => {
    const socket = connect(through);
    const smuggled =
      'POST /containers/other/stop?t=5 HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
    socket.write(`GET /info HTTP/1.1\r\nHost: d\r\n\r\n${smuggled}`);
    const heard = await text(socket);
    expect(heard.match(/^HTTP\/1\.[01] \d+/gm)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 403']);
  });

  /** The statuses of what comes back for these bytes, and what the engine has heard of them. */
  const sendRaw = async (...pieces: (string | Buffer)[]) => {
    const before = asked.length;
    const socket = connect(through);
    socket.on('error', () => undefined);
    for (const piece of pieces) socket.write(piece);
    socket.end();
    let heard = '';
    socket.on('data', (bytes) => {
      heard += bytes;
    });
    // However it ends: a proxy that has heard enough closes while more is written.
    await new Promise((resolve) => socket.once('close', resolve));
    const statuses = (heard.match(/HTTP\/1\.[01] \d+/g) ?? []).map((line) => Number(line.slice(-3)));
    return { statuses, engine: asked.slice(before).map(({ method, path }) => `${method} ${path}`) };
  };

  const CREATE = `POST /containers/create?name=${OURS} HTTP/1.1\r\nHost: d\r\n`;
  const EVIL = JSON.stringify({ HostConfig: { Privileged: true, Binds: ['/:/host'] } });
  const withLength = (body: string, head = CREATE, more = '') =>
    `${head}Content-Length: ${Buffer.byteLength(body)}\r\n${more}\r\n${body}`;

  it.each<[string, () => (string | Buffer)[]]>([
    [
      'two lengths, the shorter of which is a good body',
      () => [withLength(create.body, CREATE, 'Content-Length: 9999\r\n'), EVIL],
    ],
    ['a length with a sign', () => [`${CREATE}Content-Length: +${create.body.length}\r\n\r\n${create.body}`]],
    ['a length and pieces', () => [withLength(create.body, CREATE, 'Transfer-Encoding: chunked\r\n')]],
    ['pieces that are said oddly', () => [withLength(create.body, CREATE, 'Transfer-Encoding: xchunked\r\n')]],
    ['pieces that are said after a tab', () => [withLength(create.body, CREATE, 'Transfer-Encoding:\tchunked\r\n')]],
    [
      'pieces said with a space before the colon',
      () => [withLength(create.body, CREATE, 'Transfer-Encoding : chunked\r\n')],
    ],
    [
      'pieces with extensions',
      () => [
        `${CREATE}Transfer-Encoding: chunked\r\n\r\n${create.body.length.toString(16)};a="\r\n0\r\n\r\n"\r\n${create.body}\r\n0\r\n\r\n`,
      ],
    ],
    [
      'the name of a key in escapes',
      () => [
        withLength(create.body.replace('"HostConfig":{', '"HostC\\u006fnfig":{"Privileged":true},"HostConfig":{')),
      ],
    ],
    ['a key twice', () => [withLength(create.body.replace('"User":', '"User":"0:0","User":'))]],
    ['a key once more in other letters', () => [withLength(create.body.replace('"User":', '"USER":"0:0","User":'))]],
    [
      'a key in letters that fold to it',
      () => [withLength(create.body.replace('"HostConfig":{', '"HoſtConfig":{"Privileged":true},"HostConfig":{'))],
    ],
    ['a mark of byte order', () => [withLength(`\ufeff${create.body}`)]],
    ['a NUL and more behind it', () => [withLength(`${create.body}\0${EVIL}`)]],
    [
      'a NUL far behind',
      () => [withLength(`${create.body.replaceAll('/engine-0', `/${'a/'.repeat(1200)}engine-0`)}\0${EVIL}`)],
    ],
    ['a line break and more behind it', () => [withLength(`${create.body}\n${EVIL}`)]],
    ['a body of ten megabytes', () => [withLength(create.body + ' '.repeat(10 * 2 ** 20))]],
    ['a length in a header that is folded', () => [`${CREATE}Content-Length:\r\n ${EVIL.length}\r\n\r\n${EVIL}`]],
    ['the length of nothing, and a body', () => [`${CREATE}Content-Length: 0\r\n\r\n${create.body}`]],
    ['no length, and a body', () => [`${CREATE}\r\n${create.body}`]],
    ['the name twice', () => [withLength(create.body, CREATE.replace('?', `?name=${OURS}&`))]],
    ['the name in escapes', () => [withLength(create.body, CREATE.replace('name=', 'nam%65='))]],
    ['a fragment', () => [withLength(create.body, CREATE.replace(' HTTP', '#x HTTP'))]],
    [
      'another method by a header',
      () => ['GET /containers/create HTTP/1.1\r\nHost: d\r\nX-HTTP-Method-Override: POST\r\n\r\n'],
    ],
    [
      'the whole address of elsewhere',
      () => [withLength(EVIL, 'POST http://d/v1.41/containers/create?name=x HTTP/1.1\r\nHost: d\r\n')],
    ],
    [
      'CONNECT',
      () => ['CONNECT d:2375 HTTP/1.1\r\nHost: d:2375\r\n\r\n', `POST /containers/create HTTP/1.1\r\nHost: d\r\n\r\n`],
    ],
    ['the preface of HTTP/2', () => ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]],
    [
      'an upgrade to HTTP/2',
      () => [
        'POST /session HTTP/1.1\r\nHost: d\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n',
      ],
    ],
    ['HTTP/0.9', () => ['GET /containers/json?all=1\r\n\r\n']],
    ['line ends without a return', () => [`POST /containers/other/stop?t=5 HTTP/1.1\nHost: d\nContent-Length: 0\n\n`]],
    ['a space in the path', () => [`POST /containers/${OURS}/start HTTP/1.1 /x HTTP/1.1\r\nHost: d\r\n\r\n`]],
    ['a tab in the path', () => [`GET /info\tHTTP/1.1 HTTP/1.1\r\nHost: d\r\n\r\n`]],
    ['a header without end', () => ['GET /info HTTP/1.1\r\nHost: d\r\nX: ', 'x'.repeat(200_000), '\r\n\r\n']],
  ])('lets nothing through by %s', async (_, bytes) => {
    const { statuses, engine } = await sendRaw(...bytes());
    expect(engine).toEqual([]);
    for (const status of statuses) expect(status).toBeGreaterThanOrEqual(400);
  });

  it('lets no body through whose end long headers keep out of the buffer', async () => {
    const padded = (head: string, body: string, pad: number) =>
      sendRaw(withLength(body, head, `X: ${'x'.repeat(pad)}\r\n`));
    // From headers that leave room for all of the body to those that leave none.
    const room = Buffer.byteLength(CREATE) + Buffer.byteLength(create.body);
    const pads = Array.from({ length: 700 }, (_, index) => 15_600 - room - index);
    const engine: string[] = [];
    for (const pad of pads) engine.push(...(await padded(CREATE, `${create.body}${EVIL.repeat(20)}`, pad)).engine);
    const start = `POST /containers/${OURS}/start HTTP/1.1\r\nHost: d\r\n`;
    for (let pad = 14_000; pad < 15_600; pad += 10) engine.push(...(await padded(start, EVIL, pad)).engine);
    expect(engine).toEqual([]);
  });

  it.each([`stop?t=5`, 'wait?condition=not-running', 'start'])('lets no body through to %s', async (act) => {
    const path = `/containers/${OURS}/${act}`;
    expect(await ask(through, 'POST', path, EVIL)).toBe(403);
    expect(await ask(through, 'POST', path)).toBeLessThan(300);
  });

  it('takes what is behind a request for a request of its own, however its body is said to end', async () => {
    const start = `POST /containers/${OURS}/start HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n`;
    const evil = withLength(EVIL, 'POST /containers/create?name=x HTTP/1.1\r\nHost: d\r\n');
    const { statuses, engine } = await sendRaw(start + evil);
    expect(engine).toEqual([`POST /containers/${OURS}/start`]);
    expect(statuses).toEqual([204, 403]);
  });

  it('hands over as it was looked at what names a host or a way of its own', async () => {
    const { statuses, engine } = await sendRaw(
      'GET http://elsewhere/info HTTP/1.1\r\nHost: d\r\nX-Original-URL: /containers/json\r\nConnection: close, host\r\n\r\n',
    );
    if (statuses[0] === 200) expect(engine).toEqual([expect.stringMatching(/^GET (http:\/\/elsewhere)?\/info$/)]);
    else expect(engine).toEqual([]);
  });
});
