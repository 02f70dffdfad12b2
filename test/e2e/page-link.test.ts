// The link that opens the page, from `animate-bot start` to the browser that is logged out: where its token is, and where it never is.
import type { ChildProcess } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isDone, logIn, openChat } from '../fakes/chat.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { linkOf, main, type Role, root, run, startRole } from '../fakes/roles.ts';

/** A terminal, as `node` sees one: what is written there comes back as its output. */
const TERMINAL = 'import pty, sys; pty.spawn(sys.argv[1:])';

let folder: string;
let environment: Record<string, string>;
let role: Role;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-link-'));
  environment = { DATA_FOLDER: join(folder, 'data'), ENGINE: 'test_engines.does_as_told:create', LOG_LEVEL: 'trace' };
});
afterEach(async () => {
  await role?.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

const page = (...args: string[]) => run(process.execPath, [main, 'page', ...args], { env: environment });
const tokenOf = (link: string): string => new URL(link).searchParams.get('token') ?? '';

test('the token is in no log, no job, no child and no file but Redis’ own, where its folder is ours alone', async () => {
  role = startRole('start', environment);
  let written = '';
  for (const stream of [role.process.stdout, role.process.stderr]) stream?.on('data', (chunk) => (written += chunk));
  const link = await linkOf(role);
  const token = tokenOf(link);
  expect(token.length).toBeGreaterThan(40);
  const chat = openChat(link);
  const renderId = await chat.animate('go seconds:1', await drawPicture());
  await chat.until(renderId, isDone);
  await fetch(`${link}&x=%ff`, { redirect: 'manual' });
  await fetch(new URL(`/api/channel?token=${token}`, link));
  await role.said('Delivered');
  expect(written).toContain('Delivered');
  expect(written).toContain('`animate-bot page` prints the link');
  expect(written).not.toContain(token);

  const holding: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && (await readFile(path, 'latin1').catch(() => '')).includes(token)) holding.push(path);
  }
  expect(holding.length).toBeGreaterThan(0);
  for (const path of holding) expect(path.startsWith(join(folder, 'data', 'redis'))).toBe(true);
});

test('a terminal shows the link; it opens the page, and nothing does after --log-out and --renew', async () => {
  let shown = '';
  let open = (_child: ChildProcess): void => undefined;
  const opened = new Promise<ChildProcess>((resolve) => {
    open = resolve;
  });
  const terminal = run(join(root, '.venv', 'bin', 'python'), ['-c', TERMINAL, process.execPath, main, 'start'], {
    env: { ...environment, WEB_PORT: '0', RENDER_SLOTS: '1', DRAIN_SECONDS: '0' },
    onOutput(child, text) {
      shown = text;
      if (text.includes('?token=')) open(child);
    },
  });
  const child = await opened;
  try {
    const [link = ''] = /http:\/\/127\.0\.0\.1:\d+\/\?token=[\w-]{43}/.exec(shown) ?? [];
    expect((await page()).stdout).toBe(`${link}\n`);
    const cookie = await logIn(link);
    const status = async () => (await fetch(new URL('/api/channel', link), { headers: { cookie } })).status;
    expect(await status()).toBe(200);
    expect((await page('--log-out')).stdout).toBe(`${link}\n`);
    expect(await status()).toBe(401);
    const renewed = (await page('--renew')).stdout.trim();
    expect(tokenOf(renewed)).not.toBe(tokenOf(link));
    await expect(logIn(link)).rejects.toThrow('401');
    await logIn(renewed);
  } finally {
    child.kill('SIGTERM');
    await terminal;
  }
});

test('with WEB_TOKEN=off the start says aloud what that means', async () => {
  environment.WEB_TOKEN = 'off';
  role = startRole('start', environment);
  await role.said('WEB_TOKEN=off: every account of this machine may use the page, and is an admin of the bot');
  const { address } = await role.said('The chat page is ready');
  expect((await fetch(`${address}/api/channel`)).status).toBe(200);
  expect((await page()).stdout).toBe(`${address}\n`);
  expect(await page('--renew')).toMatchObject({ code: 2, stderr: expect.stringContaining('WEB_TOKEN says') });
});

test('without a bot there is no page to link to, and that is said', async () => {
  expect(await page()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no `start` runs on this DATA_FOLDER'),
  });
});
