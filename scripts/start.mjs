// `npm start`: sets this machine up if need be, then runs `animate-bot start` in this same process.
import { root, setUp } from './setup.mjs';

setUp();
process.chdir(root);
stopWhenOrphaned();
process.argv = [process.execPath, 'animate-bot', 'start', ...process.argv.slice(2)];
await import('../dist/main.js');

/** npm cannot pass on the signal that nobody can catch: when it is killed, we notice by having another parent. */
function stopWhenOrphaned() {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM');
  }, 1000).unref();
}
