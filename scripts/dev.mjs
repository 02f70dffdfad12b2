// `npm run dev`: `animate-bot start` from the sources, started again when one of them changes; the page is bundled anew.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

setUp({ isForDevelopment: true });
const { watchPage } = await import('./build-page.mjs');
await watchPage();
const [, , ...asked] = process.argv;
const args = [
  '--watch-preserve-output',
  '--watch',
  join(root, 'src', 'main.ts'),
  ...(asked.length > 0 ? asked : ['start']),
];
const bot = spawn(process.execPath, args, { cwd: root, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => bot.kill(signal));
const [code] = await once(bot, 'exit');
process.exit(code ?? 1);
