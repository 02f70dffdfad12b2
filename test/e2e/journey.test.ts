// The main job as a member does it: a real browser, a real photograph, the real preview engine, and the clip in the thread.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startBrowser } from '../fakes/browser.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { linkOf, type Role, startRole } from '../fakes/roles.ts';
import { firstFrameError, probeVideo } from '../fakes/video.ts';

// Eileen Collins, NASA: public domain.
const photograph = fileURLToPath(new URL('../fixtures/astronaut.jpg', import.meta.url));

let folder: string;
let role: Role;
let browser: Browser;
let page: Page;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'animate-journey-'));
  role = startRole('start', { DATA_FOLDER: join(folder, 'data') });
  browser = await startBrowser();
  page = await browser.newPage();
  await page.goto(await linkOf(role));
});

afterAll(async () => {
  await browser?.close();
  await role?.kill('SIGINT');
  await rm(folder, { recursive: true, force: true });
});

async function send(text: string, picture: string): Promise<void> {
  await page.setInputFiles('input[type=file]', picture);
  await page.fill('textarea', text);
  await page.press('textarea', 'Escape');
  await page.press('textarea', 'Enter');
}

async function download(url: string): Promise<string> {
  const file = join(folder, 'clip.mp4');
  await writeFile(file, await (await page.request.get(new URL(url, page.url()).href)).body());
  return file;
}

test('a photograph and a sentence become a clip in the thread, with its progress on the way', async () => {
  const fractions: number[] = [];
  await page.exposeFunction('onProgress', (value: string) => fractions.push(Number(value)));
  await page.evaluate(`new MutationObserver(() => {
    const bar = document.querySelector('[role=log] [role=progressbar][aria-valuenow]');
    if (bar) window.onProgress(bar.getAttribute('aria-valuenow'));
  }).observe(document.body, { subtree: true, childList: true, attributes: true })`);
  await send('/animate she smiles, slow zoom in', photograph);
  const video = page.locator('video').first();
  await video.waitFor({ timeout: 40_000 });

  const seen = [...new Set(fractions)];
  expect(seen.length).toBeGreaterThan(2);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));

  const clip = await download(await newestClip());
  expect(await probeVideo(clip)).toEqual({
    width: 608,
    height: 608,
    frames: 121,
    seconds: expect.closeTo(121 / 24, 3),
    pixelFormat: 'yuv420p',
  });
  expect(await firstFrameError(clip, photograph)).toBeLessThan(6);
  expect(await firstFrameError(clip, await drawPicture(512, 512))).toBeGreaterThan(20);
  expect(await page.locator('body').textContent()).toContain('preview, no GPU');
});

test('the clip plays in place, and is still there after a reload', async () => {
  await page.reload();
  const video = page.locator('video').first();
  await video.waitFor();
  const width = await video.evaluate(async (element) => {
    const player = element as unknown as { readyState: number; videoWidth: number } & EventTarget;
    if (player.readyState < 2) await new Promise((resolve) => player.addEventListener('loadeddata', resolve));
    return player.videoWidth;
  });
  expect(width).toBe(608);
});

test('a text file that is named .png is refused with a sentence, and the draft stays', async () => {
  const file = join(folder, 'cat.png');
  await writeFile(file, 'this is not a cat');
  await send('/animate it purrs', file);
  await page.locator('[role=alert]', { hasText: 'such as a PNG or JPEG' }).waitFor();
  expect(await page.inputValue('textarea')).toBe('/animate it purrs');
});

test('a picture that arrives while somebody writes leaves the caret where it is', async () => {
  await page.getByRole('button', { name: /^Remove / }).click();
  await page.focus('textarea');
  await page.evaluate('document.querySelector("textarea").setSelectionRange(3, 3)');
  await page.setInputFiles('input[type=file]', photograph);
  await page.getByRole('img', { name: /^Attached:/ }).waitFor();
  await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))');
  expect(await page.evaluate('document.querySelector("textarea").selectionStart')).toBe(3);
});

/** The newest command with its thread. */
const newest = () => page.locator('li.message').last();
const inNewest = (selector: string) => newest().locator(selector);

/** Where the clip of the newest command is, once it is there: a player that is out of view has no file yet. */
async function newestClip(): Promise<string> {
  await inNewest('video').waitFor();
  await inNewest('video').scrollIntoViewIfNeeded();
  await inNewest('video[src]').waitFor();
  return (await inNewest('video').getAttribute('src')) ?? '';
}

async function seedsInNewest(): Promise<(string | undefined)[]> {
  const facts = await inNewest('.facts').allTextContents();
  return facts.map((text) => /Seed(\d+)/.exec(text)?.[1]);
}

test('Again makes another clip with another seed in the same thread', async () => {
  await page.getByRole('button', { name: /^Remove / }).click();
  await send('/animate slow pan left seconds:1', photograph);
  await newest().getByText('slow pan left').waitFor();
  await inNewest('video').waitFor();
  const commands = await page.locator('li.message').count();
  await newest().getByRole('button', { name: 'Again' }).click();
  await page.getByRole('status').getByText('On it: same words, new seed.').waitFor();
  await inNewest('video').nth(1).waitFor();
  const seeds = await seedsInNewest();
  expect(new Set(seeds).size).toBe(2);
  expect(seeds).not.toContain(undefined);
  expect(await page.locator('li.message').count()).toBe(commands);
});

test('Edit brings the command and its picture back to the composer, and sending it makes another clip', async () => {
  const picture = await inNewest('.sent-picture').getAttribute('src');
  const [seed] = await seedsInNewest();
  await newest().getByRole('button', { name: 'Edit' }).first().click();
  expect(await page.inputValue('textarea')).toBe(`/animate slow pan left seconds:1 seed:${seed}`);
  expect(await page.getByRole('img', { name: /^Attached:/ }).getAttribute('src')).toBe(picture);
  await page.fill('textarea', '/animate slow pan right seconds:1 ');
  await page.press('textarea', 'Enter');
  await newest().getByText('slow pan right').waitFor();
  const clip = await download(await newestClip());
  expect(await firstFrameError(clip, photograph)).toBeLessThan(6);
});

test('Cancel stops a render that runs, and no clip comes of it', async () => {
  await send('/animate slow zoom out seconds:5 resolution:720p', photograph);
  await newest().getByText('slow zoom out').waitFor();
  await inNewest('[data-kind=rendering]').waitFor();
  await newest().getByRole('button', { name: 'Cancel' }).click();
  await inNewest('[data-kind=cancelled]').waitFor();
  expect(await inNewest('.reply').textContent()).toContain('I stopped it halfway');
  expect(await inNewest('video').count()).toBe(0);
  const media = await readdir(join(folder, 'data', 'media', 'clips'));
  const renderId = await inNewest('.reply').getAttribute('data-render');
  expect(media).not.toContain(`${renderId}.mp4`);
});

test('Delete takes a clip away for everybody, after a question', async () => {
  await send('/animate slow pan up seconds:1', photograph);
  await newest().getByText('slow pan up').waitFor();
  const url = new URL(await newestClip(), page.url()).href;
  const pictureUrl = new URL((await inNewest('.sent-picture').getAttribute('src')) ?? '', page.url()).href;
  const statusOf = async (at: string) => (await page.request.get(at)).status();
  expect(await statusOf(url)).toBe(200);
  await newest().getByRole('button', { name: 'Delete' }).click();
  await newest().getByText('Delete this for everybody?').waitFor();
  await newest().getByRole('button', { name: 'Yes, delete' }).click();
  const deleted = page.locator('li.message', { hasText: 'slow pan up' });
  await deleted.waitFor({ state: 'detached' });
  await page.reload();
  await newest().getByText('slow zoom out').waitFor();
  expect(await deleted.count()).toBe(0);
  for (const gone of [url, pictureUrl]) expect(await statusOf(gone)).toBe(404);
});
