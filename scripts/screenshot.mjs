// `npm run screenshot`: docs/page.png, taken of the real page after a real render.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';
import { pageLink } from './page-link.mjs';
import { root, setUp } from './setup.mjs';

setUp({ isForDevelopment: true });
const folder = mkdtempSync(join(tmpdir(), 'animate-screenshot-'));
const env = { PATH: process.env.PATH, DATA_FOLDER: join(folder, 'data'), WEB_PORT: '0', LOG_FORMAT: 'json' };
const bot = spawn(process.execPath, [join(root, 'dist', 'main.js'), 'start'], {
  env,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1100, height: 920 }, colorScheme: 'light' });
  await page.goto(pageLink(env, await address()));
  await page.setInputFiles('input[type=file]', join(root, 'test', 'fixtures', 'astronaut.jpg'));
  await page.fill('textarea', '/animate she smiles at us, slow zoom in');
  await page.press('textarea', 'Escape');
  await page.press('textarea', 'Enter');
  await page.locator('video').first().waitFor();
  await page.waitForLoadState('networkidle').catch(() => undefined);
  await page.screenshot({ path: join(root, 'docs', 'page.png') });
} finally {
  await browser.close();
  bot.kill('SIGINT');
  await new Promise((resolve) => bot.once('exit', resolve));
  rmSync(folder, { recursive: true, force: true });
}

async function address() {
  for await (const text of createInterface({ input: bot.stdout })) {
    const line = JSON.parse(text);
    if (line.address) return line.address;
  }
  throw new Error('animate-bot did not start');
}
