// Who has accepted which text, and when.
import type { Member } from '../render.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

export type Consents = ReturnType<typeof createConsents>;

export interface Consent {
  version: string;
  /** Milliseconds since the epoch. */
  at: number;
}

interface Whose {
  platform: string;
  member: Pick<Member, 'id'>;
}

export function createConsents(redis: Redis, now: () => number = Date.now) {
  const keyOf = (platform: string) => `${KEY_PREFIX}:consents:${platform}`;
  return {
    /** `version` names the text: another one has to be accepted again. */
    async accept({ platform, member }: Whose, version: string): Promise<void> {
      await redis.hset(keyOf(platform), member.id, JSON.stringify({ version, at: now() }));
    },

    /** What a member has accepted last, and when. */
    async of({ platform, member }: Whose): Promise<Consent | undefined> {
      const kept = await redis.hget(keyOf(platform), member.id);
      return kept === null ? undefined : (JSON.parse(kept) as Consent);
    },

    async has(whose: Whose, version: string): Promise<boolean> {
      return (await this.of(whose))?.version === version;
    },
  };
}
