// `animate-bot doctor`: one line for each part, and for each that is not well what to do about it.
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startDurableRedis } from '../fakes/redis.ts';
import { main, run, startRole } from '../fakes/roles.ts';

const SUBJECTS = ['Node', 'Python', 'Redis', 'Workers', 'Disk', 'GPU', 'Docker'];

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-doctor-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** Runs it, holds every line to the form that all have, and answers the lines by subject. */
async function examine(env: Record<string, string> = {}, program = main) {
  const { code, stdout, stderr } = await run(process.execPath, [program, 'doctor'], {
    cwd: folder,
    env: { DATA_FOLDER: join(folder, 'data'), ...env },
  });
  expect(stderr).toBe('');
  const lines = stdout.trimEnd().split('\n');
  for (const line of lines) expect(line).toMatch(/^(ok {2}|warn|fail) {2}[A-Z][A-Za-z]+ +\S.*$/);
  // Whoever is warned is told what to do, even if that is nothing.
  const advice = /install|nothing to do|`npm start`|check the|expected|set |unset/;
  for (const line of lines.filter((each) => !each.startsWith('ok'))) expect(line).toMatch(advice);
  expect(lines.map((line) => line.split(/ +/)[1])).toEqual(SUBJECTS);
  expect(code).toBe(lines.some((line) => line.startsWith('fail')) ? 1 : 0);
  return { code, ...Object.fromEntries(SUBJECTS.map((subject, index) => [subject, lines[index]])) };
}

test('an installation that is well has no failures, and says where its Redis comes from', async () => {
  expect(await examine()).toMatchObject({
    code: 0,
    Node: expect.stringMatching(/^ok /),
    Python: expect.stringMatching(/^ok .*\.venv.*with all packages$/),
    Redis: expect.stringMatching(/^ok .*runs its own: .*(valkey|redis)-server$/),
  });
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
