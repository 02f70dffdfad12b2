// Rate limits as Slack documents them: so many calls a minute for each method and workspace, and one message a second for each channel.

/** Calls a minute of tiers 2, 3 and 4, and messages a second in one channel. */
export interface Allowances {
  tier2: number;
  tier3: number;
  tier4: number;
  perChannel: number;
}

export const SLACKS_ALLOWANCES: Allowances = { tier2: 20, tier3: 50, tier4: 100, perChannel: 1 };

export type Tier = 'tier2' | 'tier3' | 'tier4' | 'perChannel' | 'none';

const MINUTE_MS = 60_000;
const SECOND_MS = 1000;
// Slack lets short bursts of messages pass; how many, it does not say.
const BURST = 3;

export type Limits = ReturnType<typeof createLimits>;

export function createLimits(allowances: Allowances | undefined) {
  const taken = new Map<string, number[]>();
  let refused = 0;

  /** Seconds to wait before that call may come again, or undefined if it may go on. */
  const take = (key: string, calls: number, perMs: number): number | undefined => {
    const now = Date.now();
    const recent = (taken.get(key) ?? []).filter((at) => at > now - perMs);
    taken.set(key, recent);
    if (recent.length < calls) {
      recent.push(now);
      return undefined;
    }
    refused += 1;
    return Math.max(1, Math.ceil(((recent[0] ?? now) + perMs - now) / 1000));
  };

  return {
    get refused() {
      return refused;
    },

    check(tier: Tier, method: string, team: string, channel: string): number | undefined {
      if (!allowances || tier === 'none') return undefined;
      if (tier === 'perChannel') {
        return take(`${team} ${channel}`, allowances.perChannel * BURST, SECOND_MS * BURST);
      }
      return take(`${team} ${method}`, allowances[tier], MINUTE_MS);
    },
  };
}
