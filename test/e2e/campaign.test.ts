// A small fault campaign, the same each time. `npm run campaign` makes large ones (docs/reliability.md).
import { expect, test } from 'vitest';
import { runCampaign } from '../campaign/campaign.ts';

const JOBS = 25;
const SEED = 7;
const REST_WITHIN_MS = 60_000;
const TIMEOUT_MS = 150_000;

test(
  'of 25 commands among faults of many kinds, each is answered once, and nothing is left over',
  async () => {
    const said: string[] = [];
    const { verdicts } = await runCampaign({
      ...{ jobs: JOBS, seed: SEED, restWithinMs: REST_WITHIN_MS },
      tell: (line) => said.push(line),
    });
    const broken = verdicts.filter(({ broken }) => broken.length > 0);
    expect(broken, said.join('\n')).toEqual([]);
    expect(verdicts[0]?.checked).toBeGreaterThan(JOBS / 2);
  },
  TIMEOUT_MS,
);
