// The bot that a benchmark measures: a real one with its worker, on a folder of its own, in which nothing stays.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { root } from '../setup.mjs';

/** `onLine` is called with each line of its log; warnings are shown. */
export function startBot(environment, onLine = () => undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'animate-bench-'));
  const dataFolder = join(folder, 'data');
  const env = { PATH: process.env.PATH, DATA_FOLDER: dataFolder, WEB_PORT: '0', LOG_FORMAT: 'json', ...environment };
  const bot = spawn(process.execPath, [join(root, 'dist', 'main.js'), 'start'], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: bot.stdout });
  lines.on('line', (text) => {
    const line = JSON.parse(text);
    if (line.level >= 40) process.stderr.write(`${text}\n`);
    onLine(line);
  });

  return {
    dataFolder,
    env,
    pid: bot.pid,

    /** Resolves to the first line to come with this message. */
    said: (message) =>
      new Promise((resolve) => {
        lines.on('line', (text) => {
          const line = JSON.parse(text);
          if (line.msg === message) resolve(line);
        });
      }),

    async stop() {
      bot.kill('SIGINT');
      await once(bot, 'exit');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
