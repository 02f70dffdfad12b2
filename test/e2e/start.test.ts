// `animate-bot start` as one process tree with a Redis of its own: what it keeps, and what it leaves behind.
import { mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isDone, openChat } from '../fakes/chat.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { type Role, startRole } from '../fakes/roles.ts';

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
  const role = startRole('start', { DATA_FOLDER: join(folder, 'data'), ENGINE: 'tests.engines.does_as_told:create' });
  started.push(role);
  const { address } = await role.said('The chat page is ready');
  await role.said('Engine ready');
  return { role, chat: openChat(String(address)) };
}

/** The processes of this machine that name the test's folder on their command line, or work in it as a Redis server does. */
async function leftBehind(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const place = await readlink(`/proc/${pid}/cwd`).catch(() => '');
      return line.includes(folder) || place.startsWith(folder) ? `${pid} ${line.replaceAll('\0', ' ')}` : undefined;
    }),
  );
  return found.filter((line) => line !== undefined);
}

// Other processes' ends cannot be awaited, only seen.
async function untilNothingIsLeft(withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  while ((await leftBehind()).length > 0 && Date.now() < deadline) await sleep(100);
  expect(await leftBehind()).toEqual([]);
}

test('Ctrl-C stops everything at once, and a second start keeps the history', async () => {
  const first = await start();
  const renderId = await first.chat.animate('go seconds:1', await drawPicture());
  await first.chat.until(renderId, isDone);
  await first.role.kill('SIGINT');
  expect(first.role.process.exitCode).toBe(0);
  expect(await leftBehind()).toEqual([]);
  const second = await start();
  await second.chat.until(renderId, isDone);
});

test('nothing stays behind when it is killed', async () => {
  const { role } = await start();
  expect((await leftBehind()).length).toBeGreaterThan(1);
  await role.kill('SIGKILL');
  await untilNothingIsLeft(40_000);
});

test('a second one on the same data folder is refused with a sentence', async () => {
  await start();
  const second = startRole('start', { DATA_FOLDER: join(folder, 'data') });
  await expect(second.said('The chat page is ready')).rejects.toThrow('Another animate-bot is running');
});

test('a Redis that dies in the middle of a render is started again, and the clip is delivered once', async () => {
  const { role, chat } = await start();
  const gate = join(folder, 'gate');
  const renderId = await chat.animate(`hold ${gate} seconds:1`, await drawPicture());
  await chat.until(renderId, ({ view }) => view.headline.startsWith('Drawing'));
  const server = (await leftBehind()).find((line) => /^\d+ \S*(valkey|redis)-server/.test(line)) ?? '';
  process.kill(Number.parseInt(server, 10), 'SIGKILL');
  await role.said('Redis stopped; it is started again');
  await writeFile(gate, '');
  await chat.until(renderId, isDone);
  expect((await chat.replies()).filter(({ clip }) => clip)).toHaveLength(1);
});
