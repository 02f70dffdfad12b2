// `npm run campaign -- --jobs 1000 --seed N`: a line for each promise, and an exit code for all of them.
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';

const REST_WITHIN_MS = 10 * 60_000;
const SHOWN = 20;

const { values } = parseArgs({
  options: { jobs: { type: 'string', default: '100' }, seed: { type: 'string', default: '1' } },
});
const [jobs, seed] = [Number(values.jobs), Number(values.seed)];
if (!Number.isInteger(jobs) || jobs < 1 || !Number.isInteger(seed)) {
  throw new Error(`Expected whole numbers for --jobs and --seed, got ${values.jobs} and ${values.seed}`);
}
const say = (line: string) => process.stdout.write(`${line}\n`);
const startedAt = Date.now();
const stopping = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopping.abort());
const { signal } = stopping;
const { verdicts, leftOut, record } = await runCampaign({
  ...{ jobs, seed, restWithinMs: REST_WITHIN_MS, signal, tell: say },
}).catch((error) => {
  if (!signal.aborted) throw error;
  say('stopped; nothing is left of it');
  process.exit(130);
});
for (const { promise, checked, broken } of verdicts) {
  say(`${broken.length === 0 ? 'kept  ' : 'BROKEN'}  ${promise}: ${checked} looked at, ${broken.length} broken`);
  for (const sentence of broken.slice(0, SHOWN)) say(`          ${sentence}`);
}
for (const left of leftOut) say(`left out: ${left}`);
const isKept = verdicts.every(({ broken }) => broken.length === 0);
say(`seed ${seed}, ${jobs} jobs, ${((Date.now() - startedAt) / 1000).toFixed(0)} s: ${isKept ? 'kept' : 'BROKEN'}`);
if (!isKept) {
  const file = join(tmpdir(), `animate-campaign-${seed}.log`);
  writeFileSync(file, record);
  say(`what everybody said: ${file}`);
}
process.exit(isKept ? 0 : 1);
