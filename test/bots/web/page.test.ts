import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { View } from '../../../src/bots/view.ts';
import { linkOf } from '../../../src/bots/web/page-secrets.ts';
import { UserError } from '../../../src/errors.ts';
import { startBrowser } from '../../fakes/browser.ts';
import { engineOf, healthOf, NOW, workerOf } from '../../fakes/health.ts';
import { startRedis, type TestRedis } from '../../fakes/redis.ts';
import { clipOf, type PageOptions, startPage, view } from './fixtures.ts';
import { bringPicture, HAS_CLIP, HAS_NO_SIDEWAYS_SCROLL, IS_PLAYING, NAMELESS, TOO_FAINT } from './in-page.ts';

let redis: TestRedis;
let browser: Browser;
let pageFolder: string;
let picture: Buffer;
let clip: Buffer;

beforeAll(async () => {
  pageFolder = await mkdtemp(join(tmpdir(), 'built-page-'));
  [redis, browser, picture, clip] = await Promise.all([
    startRedis(),
    startBrowser(),
    sharp({ create: { width: 832, height: 480, channels: 3, background: '#c2703d' } })
      .png()
      .toBuffer(),
    readFile('test/fixtures/clip.mp4'),
    promisify(execFile)(process.execPath, ['scripts/build-page.mjs', pageFolder]),
  ]);
}, 60_000);
afterAll(async () => {
  await browser.close();
  await redis.stop();
  await rm(pageFolder, { recursive: true });
});

// A browser on a busy machine takes its time; what matters is that it gets there.
vi.setConfig({ testTimeout: 60_000 });
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 90_000 });

/** A page that is open in the browser, with the platform that serves it. */
async function open(changes: PageOptions = {}, look: BrowserContextOptions = {}) {
  const server = await startPage(redis, { pageFolder, ...changes });
  for (const id of ['web-1', 'web-2', 'web-3']) {
    server.files.set(`pictures/${id}.png`, picture);
    server.files.set(`clips/${id}.mp4`, clip);
  }
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...look });
  const page = await context.newPage();
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(String(error)));
  page.on('console', (message) => {
    // A refusal and a lost connection are part of what is tested; what breaks the page's own policy is not.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource'))
      faults.push(message.text());
  });
  await page.goto(server.at);
  await page.getByText('Live', { exact: true }).waitFor();
  return {
    server,
    page,
    composer: page.getByRole('combobox', { name: 'Command' }),
    async show(changed: Partial<View>, index = 0) {
      const ref = server.script.refs[index];
      if (ref === undefined) throw new Error(`No render ${index}`);
      await server.platform.update(ref, view(changed));
    },
    async deliver(index = 0, engine = 'fastvideo') {
      const ref = server.script.refs[index];
      if (ref === undefined) throw new Error(`No render ${index}`);
      const done = view({ kind: 'done', headline: 'Here is your clip', buttons: ['again', 'edit', 'delete'] });
      const facts = [{ label: 'Engine', value: engine === 'preview' ? 'preview, no GPU' : engine }];
      await server.platform.deliver(ref, { ...done, facts }, clipOf(`clips/web-${index + 1}.mp4`, engine));
    },
    async [Symbol.asyncDispose]() {
      await context.close();
      await server[Symbol.asyncDispose]();
      expect(faults).toEqual([]);
    },
  };
}

async function attach(page: Page) {
  await page.locator('input[type=file]').setInputFiles({ name: 'ada.png', mimeType: 'image/png', buffer: picture });
  await page.getByRole('img', { name: 'Attached: ada.png' }).waitFor();
}

describe('the composer', () => {
  it('completes the command and its options by keyboard', async () => {
    await using opened = await open();
    const { page, composer } = opened;
    await composer.focus();
    await page.keyboard.type('/an');
    await page.getByRole('option', { name: '/animate', selected: true }).waitFor();
    expect(await composer.getAttribute('aria-expanded')).toBe('true');
    await page.keyboard.press('Tab');
    expect(await composer.inputValue()).toBe('/animate ');
    await page.keyboard.type('she smiles se');
    expect(await page.getByRole('option').allInnerTexts()).toHaveLength(2);
    await page.keyboard.press('ArrowDown');
    const active = await composer.getAttribute('aria-activedescendant');
    expect(await page.locator(`#${active}`).textContent()).toContain('seconds:');
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    expect(await composer.inputValue()).toBe('/animate she smiles seconds:3 ');
    expect(await page.getByRole('option').count()).toBe(6);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('option').count()).toBe(0);
    expect(await composer.getAttribute('aria-expanded')).toBe('false');
    expect(opened.server.script.commands).toEqual([]);
  });

  it('takes a suggestion by pointer, and never takes Enter away from a prompt', async () => {
    await using opened = await open();
    const { page, composer, server } = opened;
    await attach(page);
    await composer.pressSequentially('/animate resolution:7');
    await page.getByRole('option', { name: '720p' }).click();
    expect(await composer.inputValue()).toBe('/animate resolution:720p ');
    await composer.pressSequentially('the wind turns ne');
    await page.getByRole('option', { name: 'negative:' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('article', { name: 'Command of Guest' }).waitFor();
    expect(server.script.commands[0]?.text).toBe('/animate resolution:720p the wind turns ne');
  });

  it('completes a word in the middle, and leaves the caret there', async () => {
    await using opened = await open();
    const { page, composer } = opened;
    await composer.fill('/animate she smiles');
    for (let count = 0; count < ' she smiles'.length; count += 1) await page.keyboard.press('ArrowLeft');
    await page.keyboard.type(' seco');
    await page.keyboard.press('Tab');
    await page.keyboard.type('2');
    expect(await composer.inputValue()).toBe('/animate seconds:2 she smiles');
  });

  it('starts a new line with Shift and Enter', async () => {
    await using opened = await open();
    await opened.composer.pressSequentially('she smiles');
    await opened.page.keyboard.press('Shift+Enter');
    expect(await opened.composer.inputValue()).toBe('she smiles\n');
  });

  it('takes a picture from the button, a drop anywhere and a paste, and lets it go again', async () => {
    await using opened = await open();
    const { page, composer } = opened;
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('button', { name: 'Attach a picture' }).click(),
    ]);
    await chooser.setFiles({ name: 'picked.png', mimeType: 'image/png', buffer: picture });
    await page.getByRole('img', { name: 'Attached: picked.png' }).waitFor();
    await page.evaluate(bringPicture('drop', picture.toString('base64')));
    await page.getByRole('img', { name: 'Attached: drop.png' }).waitFor();
    await composer.focus();
    await page.evaluate(bringPicture('paste', picture.toString('base64')));
    await page.getByRole('img', { name: 'Attached: paste.png' }).waitFor();
    await page.getByRole('button', { name: 'Remove paste.png' }).click();
    expect(await page.getByRole('img', { name: /^Attached/ }).count()).toBe(0);
  });

  it('refuses at once what cannot be a picture or is too large', async () => {
    await using opened = await open({ maxPictureBytes: 1024 * 1024 });
    const { page } = opened;
    const pick = page.locator('input[type=file]');
    await pick.setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
    await page.getByRole('alert').getByText("I can't open notes.txt as a picture.").waitFor();
    await pick.setInputFiles({ name: 'a.png', mimeType: 'image/png', buffer: Buffer.alloc(3 * 1024 * 1024) });
    await page.getByRole('alert').getByText('That picture is 3 MB; the limit is 1 MB.').waitFor();
  });

  it('says what the channel is for when there is neither a command nor a picture', async () => {
    await using opened = await open();
    await opened.composer.fill('hello there');
    await opened.page.keyboard.press('Enter');
    await opened.page.getByRole('alert').getByText('This channel turns pictures into clips').waitFor();
    expect(opened.server.script.commands).toEqual([]);
  });

  it('goes on by itself once the text is accepted that has to be accepted first', async () => {
    await using opened = await open();
    const { page, composer, server } = opened;
    const { onAnimate } = server.script;
    let hasAccepted = false;
    server.script.onAccept = () => {
      hasAccepted = true;
    };
    server.script.onAnimate = async (command) => {
      if (!hasAccepted) throw new UserError('consent_missing', 'Only pictures of people who agreed.');
      return onAnimate(command);
    };
    await attach(page);
    await composer.fill('/animate she smiles');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('Only pictures of people who agreed.').waitFor();
    await page.getByRole('button', { name: 'Accept and send' }).click();
    await page.getByText('1st in line').waitFor();
    expect(server.script.commands.length).toBe(2);
    expect(await page.getByRole('button', { name: 'Accept and send' }).isVisible()).toBe(false);
  });

  it('sends the same command again with what a refusal offers', async () => {
    await using opened = await open();
    const { page, composer, server } = opened;
    const { onAnimate } = server.script;
    server.script.onAnimate = async (command) => {
      if (String(command.text).includes('fit:')) return onAnimate(command);
      throw new UserError('aspect_too_extreme', 'That picture is too wide.', { offers: ['crop', 'pad'] });
    };
    await attach(page);
    await composer.fill('/animate she smiles seconds:3');
    await page.keyboard.press('Enter');
    const [crop, pad] = ['Crop and send', 'Pad and send'].map((name) =>
      page.getByRole('alert').getByRole('button', { name }),
    );
    const [left, right] = [await crop?.boundingBox(), await pad?.boundingBox()];
    expect((right?.x ?? 0) - ((left?.x ?? 0) + (left?.width ?? 0))).toBeGreaterThanOrEqual(8);
    await pad?.click();
    await page.getByText('1st in line').waitFor();
    expect(server.script.commands.map(({ text }) => text)).toEqual([
      '/animate she smiles seconds:3',
      '/animate she smiles seconds:3 fit:pad',
    ]);
    expect(await page.getByRole('button', { name: 'Pad and send' }).isVisible()).toBe(false);
  });

  it('deletes all that is theirs when asked to, and asks once more before', async () => {
    await using opened = await open();
    const { page } = opened;
    page.on('dialog', (dialog) => void dialog.accept());
    await page.getByRole('button', { name: /^Your name/ }).click();
    await page.getByRole('button', { name: 'Delete all my clips' }).click();
    await page.getByText('You deleted everything.').waitFor();
  });

  it('keeps the words and the picture of a refused command', async () => {
    await using opened = await open();
    const { page, composer, server } = opened;
    server.script.onAnimate = async () => {
      throw new UserError('aspect_too_extreme', 'That picture is too wide to animate.');
    };
    await attach(page);
    await composer.fill('/animate she smiles');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('That picture is too wide to animate.').waitFor();
    expect(await composer.inputValue()).toBe('/animate she smiles');
    expect(await page.getByRole('img', { name: 'Attached: ada.png' }).isVisible()).toBe(true);
    await composer.fill('/animate she smiles seconds:45');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').getByText('must be between 1 and 5 (you wrote 45)').waitFor();
    expect(server.script.commands.length).toBe(1);
  });

  it('sends again after a lost connection, as the same command', async () => {
    await using opened = await open();
    const { page, composer, server } = opened;
    const bodies: string[] = [];
    await page.route('**/api/animate', async (route) => {
      bodies.push(route.request().postDataBuffer()?.toString('latin1') ?? '');
      if (bodies.length === 1) await route.abort('connectionreset');
      else await route.continue();
    });
    await attach(page);
    await composer.fill('/animate she smiles');
    await page.keyboard.press('Enter');
    await page.getByRole('article', { name: 'Command of Guest' }).waitFor();
    const ids = bodies.map((body) => /name="eventId"\r\n\r\n(\w+)/.exec(body)?.[1]);
    expect(ids).toHaveLength(2);
    expect(ids[0]).toMatch(/^[0-9a-f]{32}$/);
    expect(ids[1]).toBe(ids[0]);
    expect(server.script.commands[0]?.eventId).toBe(ids[0]);
    expect(await composer.inputValue()).toBe('');
  });

  it('keeps its draft over a reload', async () => {
    await using opened = await open();
    await opened.composer.fill('/animate half a tho');
    await opened.page.reload();
    await opened.page.getByText('Live', { exact: true }).waitFor();
    expect(await opened.composer.inputValue()).toBe('/animate half a tho');
  });

  it('is filled by an example of the empty channel', async () => {
    await using opened = await open();
    await opened.page.getByRole('button', { name: /she turns her head/ }).click();
    expect(await opened.composer.inputValue()).toBe('/animate she turns her head and smiles, slow zoom in');
  });
});

describe('a render', () => {
  it('goes from the command through its progress to a clip that plays in place', async () => {
    await using opened = await open();
    const { page, composer } = opened;
    await attach(page);
    await composer.fill('/animate she smiles');
    await page.getByRole('button', { name: 'Send' }).click();
    await page.getByText('1st in line').first().waitFor();

    const soon = { kind: 'rendering', readyAt: Date.now() + 40_000 } as const;
    await opened.show({ ...soon, headline: 'Imagining the motion, step 1 of 3', fraction: 0.25 });
    const progress = page.getByRole('progressbar', { name: /she smiles/ });
    await eventually(() => progress.getAttribute('aria-valuenow')).toBe('25');
    await page.getByText(/^about \d\d s left$/).waitFor();
    await opened.show({ ...soon, headline: 'Drawing the frames, step 1 of 31', fraction: 0.7 });
    await eventually(() => progress.getAttribute('aria-valuenow')).toBe('70');
    expect(await page.getByRole('list', { name: 'Stages' }).getByRole('listitem').allInnerTexts()).toHaveLength(2);
    await opened.show({ kind: 'rendering', headline: 'Encoding the clip' });
    await eventually(() => progress.getAttribute('aria-valuenow')).toBeNull();

    const before = await page.locator('.stage').boundingBox();
    await opened.deliver();
    await eventually(() => page.evaluate(IS_PLAYING)).toBe(true);
    const after = await page.locator('.stage').boundingBox();
    expect([after?.width, after?.height]).toEqual([before?.width, before?.height]);
    expect(await page.getByRole('status', { name: 'Renders' }).textContent()).toBe('Here is your clip: she smiles');
    expect(await page.getByRole('link', { name: 'Download' }).getAttribute('download')).toBe('she-smiles.mp4');

    await page.reload();
    await page.locator('video').waitFor();
    expect(await page.getByRole('article', { name: 'Here is your clip' }).count()).toBe(1);
  });

  it('that is a preview says so on the clip', async () => {
    await using opened = await open();
    await opened.server.animate({});
    await opened.deliver(0, 'preview');
    await opened.page.getByText('Preview, no GPU', { exact: true }).waitFor();
  });

  it('does not play by itself for those who asked for less motion', async () => {
    await using opened = await open({}, { reducedMotion: 'reduce' });
    await opened.server.animate({});
    await opened.deliver();
    await eventually(() => opened.page.evaluate(HAS_CLIP)).toBe(true);
    expect(await opened.page.evaluate(IS_PLAYING)).toBe(false);
  });

  it('is cancelled once, however fast the button is pressed', async () => {
    await using opened = await open();
    const { page, server } = opened;
    await server.animate({});
    let finish = (_sentence: string) => {};
    const answer = new Promise<string>((resolve) => {
      finish = resolve;
    });
    server.script.onPress = () => answer;
    const cancel = page.getByRole('button', { name: 'Cancel' });
    await cancel.dblclick();
    await eventually(() => cancel.isDisabled()).toBe(true);
    finish('Stopping it now.');
    await page.getByRole('status').getByText('Stopping it now.').waitFor();
    expect(server.script.presses.length).toBe(1);
  });

  it('is started again in the same thread', async () => {
    await using opened = await open();
    const { page, server } = opened;
    await server.animate({});
    await opened.deliver();
    server.script.onPress = async (press) => {
      await press.open(view({ renderId: 'web-2', headline: 'Next in line' }));
      return 'On it: same words, new seed.';
    };
    await page.getByRole('button', { name: 'Again' }).click();
    await page.getByRole('article', { name: 'Next in line' }).waitFor();
    expect(await page.getByRole('article', { name: 'Command of Ada' }).count()).toBe(1);
  });

  it('is edited as a new command with the same picture', async () => {
    await using opened = await open();
    const { page, composer, server } = opened;
    await server.animate({});
    await opened.deliver();
    await composer.fill('something else that I was writing');
    await page.getByRole('button', { name: 'Edit' }).click();
    await eventually(() => composer.inputValue()).toBe('/animate she smiles seed:42');
    await composer.fill('/animate she laughs');
    await page.keyboard.press('Enter');
    await eventually(() => server.script.commands.length).toBe(2);
    expect(server.script.commands[1]).toMatchObject({ text: '/animate she laughs', picture: { ofRender: 'web-1' } });
    await eventually(() => composer.inputValue()).toBe('something else that I was writing');
  });

  it('is deleted after a question', async () => {
    await using opened = await open();
    const { page, server } = opened;
    await server.animate({});
    await opened.deliver();
    server.script.onPress = async () => {
      await opened.show({ kind: 'deleted' });
      return 'Deleted.';
    };
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Keep' }).click();
    expect(server.script.presses).toEqual([]);
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Yes, delete' }).click();
    await page.getByRole('heading', { name: 'Bring a picture to life' }).waitFor();
    await page.getByRole('status').getByText('Deleted.').waitFor();
  });
});

describe('the page', () => {
  it('says that it reconnects, and then shows what it missed', async () => {
    const prefix = 'test:reconnect:';
    await using opened = await open({ prefix });
    const { page, server } = opened;
    await server.animate({});
    await page.getByText('1st in line').first().waitFor();
    const port = Number(new URL(server.at).port);
    await server.platform.stop();
    await page.getByText('Reconnecting…').waitFor();
    await using restarted = await startPage(redis, { prefix, pageFolder, port });
    const [ref] = server.script.refs;
    if (ref === undefined) throw new Error('No render');
    await restarted.platform.update(ref, view({ headline: 'Meanwhile' }));
    await page.getByText('Live', { exact: true }).waitFor();
    await page.getByText('Meanwhile').first().waitFor();
  });

  it('greets its user by the name that they chose', async () => {
    await using opened = await open();
    const { page, composer, server } = opened;
    await page.getByRole('button', { name: 'Your name: Guest. Change it' }).click();
    await page.keyboard.type('Grace');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Your name: Grace. Change it' }).waitFor();
    await attach(page);
    await composer.fill('she smiles');
    await page.keyboard.press('Enter');
    await page.getByRole('article', { name: 'Command of Grace' }).waitFor();
    expect(server.script.commands[0]?.member.name).toBe('Grace');
  });

  it('logs this browser out, and the others, which are shown the way in', async () => {
    await using server = await startPage(redis, { pageFolder, token: 'own' });
    const link = linkOf(server.at, await server.secrets.token());
    const pages = await Promise.all(
      [1, 2, 3].map(async () => {
        const page = await (await browser.newContext()).newPage();
        await page.goto(link);
        await page.getByText('Live', { exact: true }).waitFor();
        return page;
      }),
    );
    const [own, ...others] = pages as [Page, ...Page[]];
    await own.getByRole('button', { name: /^Your name/ }).click();
    await own.getByRole('button', { name: 'Log out the 2 other browsers' }).click();
    await own.getByRole('button', { name: 'Log out the 2 other browsers' }).waitFor({ state: 'detached' });
    // Their streams end, and what they ask for next is the way in.
    for (const page of others) await page.getByText('npm start -- page').waitFor();
    await own.getByText('Live', { exact: true }).waitFor();
    await own.getByRole('button', { name: 'Log out', exact: true }).click();
    await own.getByText('npm start -- page').waitFor();
    await own.goBack().catch(() => undefined);
    await own.goto(`${server.at}/admin`);
    await own.getByText('npm start -- page').waitFor();
    for (const page of pages) await page.context().close();
  });

  it('shows an admin which browsers are logged in, and logs all of them out', async () => {
    await using server = await startPage(redis, { pageFolder, token: 'own' });
    const link = linkOf(server.at, await server.secrets.token());
    await fetch(link, { redirect: 'manual' });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(link);
    await page.goto(`${server.at}/admin`);
    await page.getByRole('row', { name: /this one/ }).waitFor();
    const browsers = page.locator('section', { hasText: 'Browsers' });
    expect(await browsers.locator('tbody tr').count()).toBe(2);
    await page.getByRole('button', { name: 'Log all out' }).click();
    await page.getByText('npm start -- page').waitFor();
    expect(await server.redis.hlen(`${server.prefix}sessions`)).toBe(0);
    await context.close();
  });

  it.each<BrowserContextOptions>([
    { colorScheme: 'light' },
    { colorScheme: 'dark' },
    { viewport: { width: 360, height: 640 } },
  ])('asks for its token on a page that everybody can read: %o', async (look) => {
    await using server = await startPage(redis, { pageFolder, token: 'own' });
    const context = await browser.newContext(look);
    const page = await context.newPage();
    await page.goto(server.at);
    expect(await page.evaluate(TOO_FAINT)).toEqual([]);
    expect(await page.evaluate(NAMELESS)).toEqual([]);
    expect(await page.evaluate(HAS_NO_SIDEWAYS_SCROLL)).toBe(true);
    await context.close();
  });

  it('opens behind a token, and keeps it out of the address bar', async () => {
    const token = 'correct horse battery staple';
    await using server = await startPage(redis, { pageFolder, token });
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(server.at);
    await page.getByLabel('token').fill('wrong');
    await page.getByRole('button', { name: 'Open the page' }).click();
    await page.getByRole('alert').waitFor();
    await page.getByLabel('token').fill(token);
    await page.getByRole('button', { name: 'Open the page' }).click();
    await page.getByText('Live', { exact: true }).waitFor();
    await context.clearCookies();
    await page.goto(`${server.at}/?token=${encodeURIComponent(token)}`);
    await page.getByText('Live', { exact: true }).waitFor();
    expect(page.url()).toBe(`${server.at}/`);
    await context.close();
  });

  it('shows hostile words as words', async () => {
    await using opened = await open();
    const text = '/animate <img src=x onerror=alert(1)> <script>alert(1)</script>';
    await opened.server.animate({ text, author: '<b>Ada</b>' });
    await opened.page.getByText('<script>alert(1)</script>').first().waitFor();
    expect(await opened.page.locator('img[src=x], main script, main b').count()).toBe(0);
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [360, 1280]) {
      it(`is readable, named and inside its window in ${colorScheme} at ${width} px`, async () => {
        await using opened = await open({}, { colorScheme, viewport: { width, height: 720 }, reducedMotion: 'reduce' });
        const { page, composer, server } = opened;
        const check = async () => {
          expect(await page.evaluate(HAS_NO_SIDEWAYS_SCROLL)).toBe(true);
          expect(await page.evaluate(NAMELESS)).toEqual([]);
          expect(await page.evaluate(TOO_FAINT)).toEqual([]);
          expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
        };
        await check();
        await server.animate({
          author: 'W'.repeat(40),
          text: `/animate ${'long'.repeat(100)} negative:"${'x'.repeat(200)}"`,
        });
        await opened.show({
          kind: 'failed',
          headline: "Sorry, that didn't work",
          detail: 'y'.repeat(300),
          buttons: ['again', 'edit', 'delete'],
        });
        await server.animate({ eventId: 'e2', text: '/animate she smiles seconds:3' });
        await opened.deliver(1, 'preview');
        await server.animate({ eventId: 'e3' });
        const rendering = { renderId: 'web-3', kind: 'rendering', readyAt: Date.now() + 60_000 } as const;
        await opened.show({ ...rendering, headline: 'Waking the engine' }, 2);
        await opened.show({ ...rendering, headline: 'Imagining the motion, step 2 of 3', fraction: 0.5 }, 2);
        await page.getByText('50%').waitFor();
        await page.getByRole('button', { name: 'Delete' }).first().click();
        await attach(page);
        await composer.fill('/animate she smiles seconds:45');
        await page.keyboard.press('Enter');
        await page.getByRole('alert').waitFor();
        await check();
        await composer.fill('');
        await composer.pressSequentially('/animate ');
        await page.getByRole('option', { name: 'seed:' }).waitFor();
        await check();
      });
    }
  }

  it('stays in the order in which it is read', async () => {
    await using opened = await open();
    const { page, composer } = opened;
    await opened.server.animate({});
    await page.getByRole('button', { name: 'Cancel' }).waitFor();
    await composer.focus();
    await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate('document.activeElement.ariaLabel')).toBe('Attach a picture');
    await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Cancel');
    await page.keyboard.press('Shift+Tab');
    expect(await page.evaluate('document.activeElement.ariaLabel')).toContain('Your name');
  });
});

describe('the admin page', () => {
  it('shows how everything is, does what its buttons say, and keeps to the style of the chat', async () => {
    await using opened = await open({}, { viewport: { width: 400, height: 800 } });
    const { page, server } = opened;
    const asked: unknown[] = [];
    server.script.handlers.administer = async (request) => {
      asked.push(request);
      return '**Paused**: what runs goes on.';
    };
    server.script.handlers.health = async () =>
      healthOf({
        verdict: 'worn',
        faults: [{ code: 'hot', severity: 'worn', text: 'the card of engine 0 is at 93 °C' }],
        workers: [workerOf({ engines: [engineOf({ state: 'lent', renderId: 'web-1', fraction: 0.62 })] })],
      });
    await page.goto(`${server.at}/admin`);
    await page.getByRole('heading', { name: 'Needs attention' }).waitFor();
    await page.getByText('the card of engine 0 is at 93 °C').waitFor();
    await page.getByText('web-1 62 %').waitFor();
    await page.getByText('NVIDIA GeForce RTX 5090, 21.0 of 32.0 GiB, 61 °C, 97 % busy').waitFor();
    await page.getByRole('button', { name: 'Pause' }).click();
    await page.getByText('Paused: what runs goes on.').waitFor();
    await page.getByRole('button', { name: 'Unload' }).click();
    await eventually(() => asked).toMatchObject([{ verb: 'pause' }, { verb: 'unload', subject: 'attic/0' }]);
    expect(await page.evaluate(HAS_NO_SIDEWAYS_SCROLL)).toBe(true);
    expect(await page.evaluate(NAMELESS)).toEqual([]);
    expect(await page.evaluate(TOO_FAINT)).toEqual([]);
  });

  it('is a link away from the chat, and the chat from it, on a phone as well', async () => {
    await using opened = await open({}, { viewport: { width: 360, height: 740 } });
    const { page, server } = opened;
    await page.getByRole('link', { name: 'Health' }).click();
    await page.getByRole('heading', { name: 'All is well' }).waitFor();
    expect(new URL(page.url()).pathname).toBe('/admin');
    await page.getByRole('link', { name: 'Back to #animate' }).click();
    await opened.composer.waitFor();
    expect(page.url()).toBe(`${server.at}/`);
    expect(await page.evaluate(HAS_NO_SIDEWAYS_SCROLL)).toBe(true);
  });

  it('lists what is in quarantine with whose it was and why, and has one tried again', async () => {
    await using opened = await open({}, { viewport: { width: 400, height: 800 } });
    const { page, server } = opened;
    const why = 'The engine was killed (SIGKILL), most likely because the machine ran out of memory.';
    let quarantine = [
      { id: 'discord-2', askedBy: 'Ada <b>', askedAt: NOW - 300_000, why },
      { id: 'slack-1', askedBy: undefined, askedAt: undefined, why: 'nothing is known of it any more' },
    ];
    const asked: unknown[] = [];
    server.script.handlers.health = async () => healthOf({ quarantine });
    server.script.handlers.administer = async (request) => {
      asked.push(request);
      quarantine = [];
      return 'In line once more.';
    };
    await page.goto(`${server.at}/admin`);
    await page.getByRole('heading', { name: 'In quarantine' }).waitFor();
    const [first, second] = await page
      .getByRole('listitem')
      .filter({ hasText: /^(discord|slack)-/ })
      .allInnerTexts();
    expect(first).toContain('discord-2 for Ada <b>, 5 min ago');
    expect(first).toContain(why);
    expect(second).toContain('nothing is known of it any more');
    expect(await page.evaluate(HAS_NO_SIDEWAYS_SCROLL)).toBe(true);
    expect(await page.evaluate(NAMELESS)).toEqual([]);
    expect(await page.evaluate(TOO_FAINT)).toEqual([]);
    await page.getByRole('button', { name: 'Retry' }).first().click();
    await page.getByText('In line once more.').waitFor();
    expect(asked).toMatchObject([{ verb: 'retry', subject: 'discord-2' }]);
    await eventually(() => page.getByText('In quarantine').count()).toBe(0);
  });
});
