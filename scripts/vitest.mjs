// Vitest on today's sources: sets up and builds what they start, then runs Vitest with the arguments given.
// `npm run test:unit`, `npm run test:watch`, `node scripts/vitest.mjs run test/queue/line.test.ts`.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { root, setUp } from './setup.mjs';

setUp({ isForDevelopment: true });
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(process.execPath, [vitest, ...process.argv.slice(2)], { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;
