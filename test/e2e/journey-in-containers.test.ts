// The main job as a member does it, with the render in a container: a real browser, a real photograph, a real Docker engine.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startBrowser } from '../fakes/browser.ts';
import { containersOf, isDockerHere, RENDER_IMAGE } from '../fakes/docker.ts';
import { linkOf, startRole } from '../fakes/roles.ts';
import { firstFrameError } from '../fakes/video.ts';

// Eileen Collins, NASA: public domain.
const photograph = fileURLToPath(new URL('../fixtures/astronaut.jpg', import.meta.url));

test.skipIf(!isDockerHere)('a photograph becomes a clip in the thread that begins with it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'animate-journey-'));
  const role = startRole('start', {
    DATA_FOLDER: join(folder, 'data'),
    RUNTIME: 'docker',
    RENDER_IMAGE,
    RENDER_MEMORY_GIBIBYTES: '1',
  });
  const browser = await startBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(await linkOf(role));
    await page.setInputFiles('input[type=file]', photograph);
    await page.fill('textarea', '/animate she smiles, slow zoom in seconds:1');
    await page.press('textarea', 'Escape');
    await page.press('textarea', 'Enter');
    const video = page.locator('video').first();
    await video.waitFor({ timeout: 40_000 });
    expect(await containersOf(folder)).not.toEqual([]);
    const clip = join(folder, 'clip.mp4');
    const url = new URL((await video.getAttribute('src')) ?? '', page.url()).href;
    await writeFile(clip, await (await page.request.get(url)).body());
    expect(await firstFrameError(clip, photograph)).toBeLessThan(6);
  } finally {
    await browser.close();
    await role.kill('SIGTERM');
    const left = await containersOf(folder);
    await rm(folder, { recursive: true, force: true });
    expect(left).toEqual([]);
  }
});
