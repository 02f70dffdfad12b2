// `animate-bot doctor`: one line for each part, and for each that is not well what to do about it.
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isDockerHere, RENDER_IMAGE } from '../fakes/docker.ts';
import { installCards, installNvidiaSmi } from '../fakes/gpus.ts';
import { startDurableRedis } from '../fakes/redis.ts';
import { main, run, startRole } from '../fakes/roles.ts';
import { startS3 } from '../fakes/s3.ts';

const SUBJECTS = [
  'Node',
  'Python',
  'Sandbox',
  'Engines',
  'Mark',
  'Redis',
  'Clock',
  'Workers',
  'Store',
  'Disk',
  'GPU',
  'Docker',
  'Page',
];

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-doctor-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs it without a test clip, holds every line to the form that all have, and answers the lines by subject. */
async function examine(
  env: Record<string, string> = {},
  program = main,
): Promise<{ code: number | null } & Record<string, string | number | null | undefined>> {
  const { code, stdout, stderr } = await run(process.execPath, [program, 'doctor', '--quick'], {
    cwd: folder,
    env: { DATA_FOLDER: join(folder, 'data'), ...env },
  });
  expect(stderr).toBe('');
  const lines = stdout.trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(/^(ok {2}|warn|fail) {2}[A-Z][A-Za-z]+ +\S.*$/);
  // Whoever is warned is told what to do, even if that is nothing.
  const advice = /install|nothing to do|`npm start`|check |expected|set |unset/i;
  for (const line of lines.filter((each) => !each.startsWith('ok'))) expect(line).toMatch(advice);
  expect(lines.map((line) => line.split(/ +/)[1])).toEqual(SUBJECTS);
  expect(code).toBe(lines.some((line) => line.startsWith('fail')) ? 1 : 0);
  const found: Record<string, string | undefined> = {};
  for (const [index, subject] of SUBJECTS.entries()) found[subject] = lines[index];
  return { code, ...found };
}

test('an installation that is well has no failures, and says where its Redis comes from', async () => {
  expect(await examine()).toMatchObject({
    code: 0,
    Node: expect.stringMatching(/^ok /),
    Python: expect.stringMatching(/^ok .*\.venv.*with all packages$/),
    Redis: expect.stringMatching(/^ok .*runs its own: .*(valkey|redis)-server$/),
  });
});

test.each<[string, Record<string, string>, RegExp]>([
  ['the link alone opens', {}, /^ok .*opened by its link, which `npm start -- page` prints$/],
  ['the operator’s token opens', { WEB_TOKEN: 'sixteen-letters-x' }, /^ok .*its link with WEB_TOKEN, /],
  [
    'every account of the machine may open',
    { WEB_TOKEN: 'off' },
    /^warn .*WEB_TOKEN=off: every account .* is an admin/,
  ],
  ['others reach over HTTP', { WEB_HOST: '0.0.0.0' }, /^warn .*WEB_HOST=0\.0\.0\.0 takes plain HTTP.* set WEB_URL$/],
  ['others reach over HTTPS', { WEB_HOST: '0.0.0.0', WEB_URL: 'https://bot.example' }, /^ok /],
])('a page that %s', async (_what, settings, line) => {
  expect(await examine(settings)).toMatchObject({ Page: expect.stringMatching(line) });
});

test.each<[string, Record<string, string>, number, RegExp]>([
  ['append-only on and no eviction is well', {}, 0, /^ok .*, append-only file on, noeviction$/],
  ['eviction is a failure', { 'maxmemory-policy': 'allkeys-lru' }, 1, /^fail .*set `maxmemory-policy noeviction`/],
  ['append-only off is a warning', { appendonly: 'no' }, 0, /^warn .*set `appendonly yes`/],
  ['a password that was not given is a failure', { requirepass: 'secret' }, 1, /^fail .*NOAUTH.*check the .*password/],
])('a Redis with %s', async (_what, settings, code, line) => {
  const redis = await startDurableRedis(settings);
  try {
    expect(await examine({ REDIS_URL: redis.url })).toMatchObject({ code, Redis: expect.stringMatching(line) });
  } finally {
    await redis.stop();
  }
});

test('the workers that are online are listed with the way in which their engines were launched', async () => {
  const redis = await startDurableRedis();
  try {
    const environment = { REDIS_URL: redis.url, DATA_FOLDER: join(folder, 'data') };
    expect(await examine(environment)).toMatchObject({ Workers: expect.stringMatching(/^warn .*none is online/) });
    const worker = startRole('worker', environment);
    await worker.said('Engine ready');
    const found = await examine(environment);
    await worker.kill('SIGTERM');
    expect(found).toMatchObject({ Workers: expect.stringMatching(/^ok .*: 1 × preview, launched plainly$/) });
  } finally {
    await redis.stop();
  }
});

test('a Redis that is too old is a failure that says which it is', async () => {
  const info = 'redis_version:5.0.14\r\naof_enabled:1\r\nmaxmemory_policy:noeviction\r\n';
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const command of String(chunk)
        .split(/^\*\d+\r\n/m)
        .slice(1))
        socket.write(/info/i.test(command) ? `$${info.length}\r\n${info}\r\n` : '+OK\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const found = await examine({ REDIS_URL: `redis://127.0.0.1:${port}` });
  expect(found).toMatchObject({ Redis: expect.stringMatching(/^fail .*5\.0\.14.*expected 6\.2 or newer$/) });
  server.close();
});

test('a Redis that cannot be reached is a failure that says why', async () => {
  const found = await examine({ REDIS_URL: 'redis://:secret@127.0.0.1:1' });
  expect(found).toMatchObject({ Redis: expect.stringMatching(/^fail .*ECONNREFUSED.*check the address/) });
  expect(JSON.stringify(found)).not.toContain('secret');
});

test('a Python environment that is missing is a failure that says what makes it', async () => {
  const copy = join(folder, 'copy');
  const original = dirname(dirname(main));
  await cp(join(original, 'dist'), join(copy, 'dist'), { recursive: true });
  await cp(join(original, 'package.json'), join(copy, 'package.json'));
  await symlink(join(original, 'node_modules'), join(copy, 'node_modules'));
  const found = await examine({}, join(copy, 'dist', 'main.js'));
  expect(found).toMatchObject({
    Python: expect.stringMatching(/^fail .*environment is missing\. Run `npm start` once/),
  });
});

test.each<[string, () => Promise<Record<string, string>>, string, RegExp]>([
  [
    'a PYTHON without our packages',
    async () => ({ PYTHON: '/usr/bin/python3' }),
    'Python',
    /^fail .*requirements\.txt/,
  ],
  ['a PYTHON that is not there', async () => ({ PYTHON: '/no/python' }), 'Python', /^fail .*nothing at \/no\/python/],
  [
    'a data folder far from any that is there',
    async () => ({ DATA_FOLDER: join(folder, 'a/b/c') }),
    'Disk',
    /^(ok|warn) /,
  ],
  ['a data folder behind a file', () => dataBehindFile(), 'Disk', /^fail .*it is a file.*set DATA_FOLDER/],
])('%s is told in its line', async (_what, prepare, subject, line) => {
  expect(await examine(await prepare())).toMatchObject({ [subject]: expect.stringMatching(line) });
});

async function dataBehindFile(): Promise<Record<string, string>> {
  await mkdir(join(folder, 'd'));
  await writeFile(join(folder, 'd', 'file'), '');
  return { DATA_FOLDER: join(folder, 'd', 'file', 'data') };
}

/** With its test clip, as a program reads it. */
async function examineWhole(env: Record<string, string>) {
  const { code, stdout } = await run(process.execPath, [main, 'doctor', '--json'], {
    cwd: folder,
    env: { DATA_FOLDER: join(folder, 'data'), ...env },
  });
  const findings = JSON.parse(stdout) as { verdict: string; subject: string; text: string }[];
  return { code, engine: findings.find(({ subject }) => subject === 'Engine') };
}

test('the engine renders a test clip whose first frame is its picture', async () => {
  expect(await examineWhole({})).toEqual({
    code: 0,
    engine: {
      verdict: 'ok',
      subject: 'Engine',
      text: expect.stringMatching(/^preview by .*, ready in .* s; a clip of 1 s in .*\(similarity (0\.9|1\.0)/),
    },
  });
});

test.skipIf(!isDockerHere)('the engine renders a test clip in a container, where it is to run in one', async () => {
  const { code, engine } = await examineWhole({ RUNTIME: 'docker', RENDER_IMAGE, RENDER_MEMORY_GIBIBYTES: '1' });
  expect({ code, verdict: engine?.verdict }).toEqual({ code: 0, verdict: 'ok' });
});

test('an engine that does not load is a failure that says why', async () => {
  const { code, engine } = await examineWhole({ ENGINE: 'test_engines.exits_in_load:create' });
  expect({ code, engine }).toMatchObject({
    code: 1,
    engine: {
      verdict: 'fail',
      text: expect.stringMatching(/^The engine stopped with exit code 7 while it loaded\..*docker/),
    },
  });
});

test('each card is listed with what it is given, and one that is too small is a warning', async () => {
  const PATH = await installCards(join(folder, 'cards'), [
    { id: 'GPU-1', name: 'NVIDIA GeForce RTX 5090', mebibytes: 32_607 },
    { id: 'GPU-2', name: 'NVIDIA GeForce RTX 3050', mebibytes: 8192 },
  ]);
  expect((await examine({ PATH })).GPU).toMatch(
    /^warn .*0: NVIDIA GeForce RTX 5090, 31\.8 GiB, 0\.4 in use, sm_120, 35 °C, driver .*, for 480p and 720p; GPU 1 .*expected at least/,
  );
  expect((await examine({ PATH, GPUS: '1' })).GPU).toMatch(/^fail .*GPU 1 \(NVIDIA GeForce RTX 3050\) has 8\.0 GiB/);
});

test('an engine that needs a GPU where there is none is a failure, and so is a driver that does not work', async () => {
  const none = await installNvidiaSmi(join(folder, 'none'), 'exit 0');
  expect((await examine({ PATH: none, ENGINE: 'fastvideo' })).GPU).toMatch(
    /^fail .*ENGINE=fastvideo needs one; install/,
  );
  const broken = await installNvidiaSmi(join(folder, 'broken'), 'echo "Driver/library version mismatch"; exit 18');
  expect((await examine({ PATH: broken })).GPU).toMatch(/^fail .*version mismatch; check the driver/);
});

test('a Docker engine that cannot be reached matters where renders run on it', async () => {
  const away = { DOCKER_HOST: `unix://${folder}/no.sock` };
  expect((await examine(away)).Docker).toMatch(/^warn .*nothing to do for RUNTIME=process/);
  expect((await examine({ ...away, RUNTIME: 'docker' })).Docker).toMatch(/^fail .*no\.sock\); start it, or check/);
});

test.skipIf(!isDockerHere)('an image that is not there is a failure that says how to build it', async () => {
  const { Docker } = await examine({ RUNTIME: 'docker', RENDER_IMAGE: 'no-such-image' });
  expect(Docker).toMatch(/^fail .*without the image no-such-image; expected it: docker build/);
  expect((await examine({ RUNTIME: 'docker', RENDER_IMAGE })).Docker).toMatch(/^ok .*image animate-bot-test-render/);
});

test('a bucket is tried out, and one that cannot be used is a failure without its secret', async () => {
  await using bucket = await startS3();
  const environment = {
    S3_ENDPOINT: bucket.endpoint,
    S3_BUCKET: bucket.bucket,
    S3_ACCESS_KEY_ID: bucket.accessKeyId,
    S3_SECRET_ACCESS_KEY: bucket.secretAccessKey,
  };
  expect((await examine(environment)).Store).toMatch(/^ok .*the bucket clips-of-tests at http/);
  const refused = await examine({ ...environment, S3_SECRET_ACCESS_KEY: 'another-secret' });
  expect(refused.Store).toMatch(/^fail .*Check S3_ENDPOINT/);
  expect(JSON.stringify(refused)).not.toContain('another-secret');
});

test('a clock that is far from Redis’ is a failure', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (chunk) => {
      for (const command of String(chunk)
        .split(/^\*\d+\r\n/m)
        .slice(1))
        socket.write(/time/i.test(command) ? '*2\r\n$10\r\n1700000000\r\n$1\r\n0\r\n' : '$0\r\n\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const found = await examine({ REDIS_URL: `redis://127.0.0.1:${port}` });
  expect(found.Clock).toMatch(/^fail .*s from Redis’ clock; expected the same time/);
  server.close();
});

test('what clips are signed with has its line: before the first start, without its key, and without its library', async () => {
  expect(await examine()).toMatchObject({ Mark: expect.stringMatching(/^ok .*makes its key when it first starts$/) });
  await mkdir(join(folder, 'data', 'identity'), { recursive: true });
  expect(await examine()).toMatchObject({
    Mark: expect.stringMatching(/^warn .*plain metadata.*Expected a key and its certificates in .*identity/),
  });
  expect(await examine({ PYTHON: '/usr/bin/python3' })).toMatchObject({
    Mark: expect.stringMatching(/^warn .*No module named 'c2pa'.*install python\/requirements-mark\.txt there$/),
  });
});

test('what engines are shut in by is said, and what to do where they are not', async () => {
  expect((await examine()).Engines).toMatch(/^ok .*Landlock and seccomp/);
  expect((await examine({ ENGINE_SANDBOX: 'off' })).Engines).toMatch(
    /^warn .*not shut in: .*preview.*set RUNTIME=docker$/,
  );
  expect((await examine({ ENGINE: 'diffusers', GPUS: 'none' })).Engines).toMatch(/^warn .*ENGINE_SANDBOX=on/);
});
