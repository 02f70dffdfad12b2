// `npm run bench:sandbox`: how long a decoder takes to be ready in each kind of sandbox that this machine has, 20 times.
import { join } from 'node:path';
import { root, setUp } from '../setup.mjs';

const STARTS = 20;
const KINDS = ['none', 'seccomp', 'landlock', 'namespaces', 'bubblewrap'];

setUp();
const { startDecoder } = await import('../../dist/media/decoder-process.js');
const { createSandbox } = await import('../../dist/media/sandbox.js');

const path = join(root, 'dist', 'media', 'decoder.js');
const milliseconds = Object.fromEntries(KINDS.map((kind) => [kind, []]));
// In turns, so that what else the machine does counts for all of them.
for (let index = 0; index < STARTS; index += 1) {
  for (const kind of KINDS) {
    const sandbox = createSandbox({ offered: [kind] });
    if ((await sandbox.kind()) !== kind) continue;
    const began = performance.now();
    const decoder = await startDecoder({ path, startTimeoutMs: 60_000, maxMemoryBytes: 2 ** 30, sandbox });
    milliseconds[kind].push(performance.now() - began);
    await decoder.kill();
  }
}
for (const kind of KINDS) {
  const sorted = milliseconds[kind].sort((one, other) => one - other);
  const [least, median, most] = [0, 0.5, 1].map((share) => sorted[Math.round(share * (sorted.length - 1))]);
  const told = sorted.length > 0 ? [least, median, most].map(Math.round).join(' / ') : 'not on this machine';
  process.stdout.write(`${kind.padEnd(12)} ${told}\n`);
}
