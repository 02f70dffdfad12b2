// `animate-bot start` as one process tree with a Redis of its own: what it keeps, and what it leaves behind.
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isDone, openChat } from '../fakes/chat.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { leftAfter, leftBehind, linkOf, type Role, root, run, startRole, startWithNpm } from '../fakes/roles.ts';

let folder: string;
let started: Role[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-start-'));
  started = [];
});

afterEach(async () => {
  await Promise.all(started.map((role) => role.kill('SIGTERM')));
  await rm(folder, { recursive: true, force: true });
});

async function start() {
  const role = startRole('start', { DATA_FOLDER: join(folder, 'data'), ENGINE: 'test_engines.does_as_told:create' });
  started.push(role);
  await role.said('Engine ready');
  return { role, chat: openChat(await linkOf(role)) };
}

test('Ctrl-C stops everything at once, and a second start keeps the history', async () => {
  const first = await start();
  const renderId = await first.chat.animate('go seconds:1', await drawPicture());
  await first.chat.until(renderId, isDone);
  await first.role.kill('SIGINT');
  expect(first.role.process.exitCode).toBe(0);
  expect(await leftBehind(folder)).toEqual([]);
  const second = await start();
  await second.chat.until(renderId, isDone);
});

test('nothing stays behind when it is killed', async () => {
  const { role } = await start();
  expect((await leftBehind(folder)).length).toBeGreaterThan(1);
  await role.kill('SIGKILL');
  expect(await leftAfter(folder, 40_000)).toEqual([]);
});

test('a second one on the same data folder is refused with a sentence', async () => {
  await start();
  const second = startRole('start', { DATA_FOLDER: join(folder, 'data') });
  await expect(second.said('The chat page is ready')).rejects.toThrow('Another animate-bot is running');
});

test('a port that is taken is told by the name of its setting, and nothing stays behind', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as AddressInfo;
  const role = startRole('start', { DATA_FOLDER: join(folder, 'data'), WEB_PORT: String(port) });
  started.push(role);
  await expect(role.said('The chat page is ready')).rejects.toThrow(`WEB_PORT: expected a free port, got ${port}`);
  expect(role.process.exitCode).toBe(2);
  expect(await leftBehind(folder)).toEqual([]);
  other.close();
});

test('a page that others could reach without a token is not opened, and the setting that is amiss is told', async () => {
  const role = startRole('start', { DATA_FOLDER: join(folder, 'data'), WEB_HOST: '0.0.0.0', WEB_TOKEN: 'off' });
  started.push(role);
  await expect(role.said('The chat page is ready')).rejects.toThrow('WEB_TOKEN: expected a secret');
  expect(role.process.exitCode).toBe(2);
  expect(await leftBehind(folder)).toEqual([]);
});

test('a Redis that dies in the middle of a render is started again, and the clip is delivered once', async () => {
  const { role, chat } = await start();
  const gate = join(folder, 'gate');
  const renderId = await chat.animate(`hold ${gate} seconds:1`, await drawPicture());
  await chat.until(renderId, ({ view }) => view.headline.startsWith('Drawing'));
  const server = (await leftBehind(folder)).find((line) => /^\d+ \S*(valkey|redis)-server/.test(line)) ?? '';
  process.kill(Number.parseInt(server, 10), 'SIGKILL');
  await role.said('Redis stopped; it is started again');
  await writeFile(gate, '');
  await chat.until(renderId, isDone);
  expect((await chat.replies()).filter(({ clip }) => clip)).toHaveLength(1);
});

test.each<[string, (npm: number) => void]>([
  ['Ctrl-C in its terminal', (npm) => process.kill(-npm, 'SIGINT')],
  ['a SIGTERM for npm', (npm) => process.kill(npm, 'SIGTERM')],
  ['a kill -9 of npm', (npm) => process.kill(npm, 'SIGKILL')],
])('nothing of `npm start` stays behind after %s', async (_how, end) => {
  const role = startWithNpm({ DATA_FOLDER: join(folder, 'data'), ENGINE: 'test_engines.does_as_told:create' });
  started.push(role);
  await role.said('The chat page is ready');
  await role.said('Engine ready');
  end(role.process.pid ?? 0);
  expect(await leftAfter(folder, 40_000)).toEqual([]);
  expect(await readFile(join(folder, 'data', 'redis', 'redis.log'), 'utf8')).toContain('bye bye');
});

test('`npm start --` and a command runs that command, set up in the same way', async () => {
  const { code, stdout } = await run('npm', ['start', '--silent', '--', '--help'], { cwd: root });
  expect(stdout).toContain('animate-bot [options] [command]');
  expect(code).toBe(0);
});
