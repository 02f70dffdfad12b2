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
  const run = async (socketPath: string, changes: { slot?: Slot; launch?: Launch; model?: string } = {}) => {
    asked.length = 0;
    vi.stubEnv('DOCKER_HOST', `unix://${socketPath}`);
    const slot = changes.slot ?? { index: 0 };
    const runtime = createDockerRuntime({
      ...{ owner: OWNER, image: 'registry.example/animate-bot-render:1.2', weights: 'animate-bot-weights' },
      engine: { name: 'fastvideo', model: changes.model, rendersPerProcess: 0 },
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
});
