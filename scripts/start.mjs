// `npm start`: sets this machine up if need be, then runs `animate-bot start` in this same process; `npm start -- doctor` another
// of its commands.
import { stopWhenOrphaned } from './orphaned.mjs';
import { root, setUp } from './setup.mjs';

setUp();
process.chdir(root);
stopWhenOrphaned();
const asked = process.argv.slice(2);
process.argv = [process.execPath, 'animate-bot', ...(asked.length > 0 ? asked : ['start'])];
await import('../dist/main.js');
