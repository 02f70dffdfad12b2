// A whole installation, as `animate-bot start` runs it: what a member deletes is nowhere in it any more. Everything that it keeps is
// read: its folder with Redis' append-only file, its log, and what the page tells.
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { logIn } from '../fakes/chat.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { linkOf, type Role, startRole } from '../fakes/roles.ts';

const NAME = 'Alice Canaryname';
const WORDS = 'canaryprompt she smiles';
const CANARY = /canary/i;
const WITHIN = { timeout: 100_000, interval: 200 };

let folder: string;
let role: Role;
let link: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'deletion-'));
  role = startRole('start', { DATA_FOLDER: folder, LOG_LEVEL: 'trace', GPUS: 'none', RENDER_SLOTS: '2' });
  link = await linkOf(role);
}, 120_000);
afterEach(async () => {
  await role.kill('SIGTERM');
  await rm(folder, { recursive: true, force: true });
});

/** A browser of its own, which keeps its cookies. */
async function openBrowser() {
  const cookie = await logIn(link);
  const send = (path: string, request: RequestInit = {}): Promise<Response> =>
    fetch(new URL(path, link), { ...request, headers: { ...request.headers, cookie } });
  return {
    send,
    async animate(eventId: string, author: string, text: string, picture: Buffer | string) {
      const form = new FormData();
      for (const [name, value] of Object.entries({ eventId, author, text })) form.set(name, value);
      if (typeof picture === 'string') form.set('ofRender', picture);
      else form.set('picture', new Blob([new Uint8Array(picture)]), 'canaryfile.png');
      const response = await send('/api/animate', { method: 'POST', body: form });
      expect(response.status).toBe(202);
    },
    press: (renderId: string, action: string, eventId: string) =>
      send(`/api/renders/${renderId}/press`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ action, eventId }),
      }),
  };
}

type Browser = Awaited<ReturnType<typeof openBrowser>>;
const channel = async (browser: Browser) => (await browser.send('/api/channel')).text();
const isDone = (id: string) => role.said('Delivered', ({ renderId }) => renderId === id);

/** The files below the folder that hold the text, by their names or their bytes. */
async function filesWith(pattern: RegExp): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const isFile = entry.isFile();
    const bytes = isFile ? await readFile(path, 'latin1').catch(() => '') : '';
    if (pattern.test(entry.name) || pattern.test(bytes)) found.push(path);
  }
  return found;
}

const kept = async () =>
  (await readdir(join(folder, 'media'), { recursive: true })).filter((name) => name.includes('.'));

test('after "delete all" nothing is left of a member, of what others made from their picture, and of their words', async () => {
  const [alice, bob] = [await openBrowser(), await openBrowser()];
  const picture = await drawPicture();
  await alice.animate('one', NAME, `/animate ${WORDS} seconds:1`, picture);
  await isDone('web-one');
  for (const [action, id] of [
    ['again', 'again'],
    ['larger', 'larger'],
    ['extend', 'extend'],
  ] as const) {
    expect((await bob.press('web-one', action, id)).status).toBe(200);
  }
  await bob.animate('edit', 'Bob', `/animate ${WORDS}, slowly seconds:1`, 'web-one');
  await isDone('web-again');
  expect((await bob.press('web-again', 'again', 'second')).status).toBe(200);
  await bob.animate('own', 'Bob', '/animate a wave seconds:1', picture);
  for (const id of ['larger', 'extend', 'edit', 'second', 'own']) await isDone(`web-${id}`);
  expect(await channel(alice)).toMatch(CANARY);
  expect(await filesWith(CANARY)).not.toEqual([]);
  const exported = Buffer.from(await (await alice.send('/api/export')).arrayBuffer()).toString('latin1');
  expect(exported).toMatch(CANARY);
  expect(exported).toContain('web-second');

  const told = await alice.send('/api/forget', { method: 'POST' });
  expect(await told.json()).toEqual({ message: expect.stringContaining('6') });

  await expect.poll(kept, WITHIN).toEqual(expect.not.arrayContaining([expect.stringMatching(/web-(?!own)/)]));
  await expect.poll(() => channel(bob), WITHIN).not.toMatch(CANARY);
  expect(await kept()).toEqual(expect.arrayContaining([expect.stringContaining('web-own')]));
  // The append-only file is written anew within a minute.
  await expect.poll(() => filesWith(CANARY), WITHIN).toEqual([]);
  expect(role.lines.map((line) => JSON.stringify(line)).filter((line) => CANARY.test(line))).toEqual([]);
}, 240_000);
