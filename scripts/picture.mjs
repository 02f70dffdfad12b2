// A picture for docs/ of a chat service: a real bot plays a scene on the tests' stand-in, and what it sent is drawn with a browser.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { root } from './setup.mjs';

/** `play` resolves to the page to draw. Clips on it are shown in the middle of their motion. */
export async function drawWithBot({ service, name, size, play }) {
  const folder = mkdtempSync(join(tmpdir(), 'animate-picture-'));
  const bot = spawn(process.execPath, [join(root, 'dist', 'main.js'), 'start'], {
    env: { PATH: process.env.PATH, DATA_FOLDER: join(folder, 'data'), WEB_PORT: '0', ...service.environment },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });
  try {
    const page = await browser.newPage({ viewport: size, deviceScaleFactor: 1.5 });
    await page.setContent(await play());
    await page.locator('video').evaluate(
      (video) =>
        new Promise((resolve) => {
          video.addEventListener('seeked', resolve, { once: true });
          video.currentTime = 1.5;
        }),
    );
    await page.screenshot({ path: join(root, 'docs', `${name}.png`), fullPage: true });
  } finally {
    await browser.close();
    bot.kill('SIGINT');
    await new Promise((resolve) => bot.once('exit', resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

export function escapeHtml(text) {
  return text.replace(/[&<>"]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[character]);
}
