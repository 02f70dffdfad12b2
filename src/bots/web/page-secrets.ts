// What only this installation knows of its page: the token that opens it, unless the operator names one, and the key that cookies are
// signed with. They are in Redis: all bots of an installation have to agree on them, as on the sessions, and no two folders would.
import { randomBytes } from 'node:crypto';
import type { Redis } from 'ioredis';
import { KEY_PREFIX } from '../../queue/redis.ts';

/** What every key of the page starts with. */
export const PAGE_PREFIX = `${KEY_PREFIX}:web:`;

const SECRET_BYTES = 32;

export type PageSecrets = ReturnType<typeof createPageSecrets>;

/** `given` is the operator's own token. */
export function createPageSecrets(redis: Redis, given: string | undefined, prefix = PAGE_PREFIX) {
  const key = `${prefix}secrets`;
  const make = (): string => randomBytes(SECRET_BYTES).toString('base64url');

  /** The first that asks makes it, whichever bot that is. */
  const readOrMake = async (name: 'token' | 'key'): Promise<string> => {
    const kept = await redis.hget(key, name);
    if (kept !== null) return kept;
    await redis.hsetnx(key, name, make());
    return readOrMake(name);
  };

  return {
    /** Nobody guesses 256 random bits; of what an operator has thought of, nothing is known. */
    isGuessable: given !== undefined,
    token: async (): Promise<string> => given ?? readOrMake('token'),
    key: (): Promise<string> => readOrMake('key'),

    async renew(): Promise<void> {
      await redis.hset(key, 'token', make());
    },
  };
}

/** Where a browser goes to be let in. */
export function linkOf(address: string, token: string): string {
  return `${address}/?token=${encodeURIComponent(token)}`;
}
