// Who was sent lately what is kept of them.
import { KEY_PREFIX, type Redis } from './redis.ts';

export function createParcelClaims(redis: Redis, platform: string) {
  const keyOf = (memberId: string) => `${KEY_PREFIX}:member:${platform}:${memberId}:exported`;
  return {
    /** True for the first within the time. */
    async claim(memberId: string, milliseconds: number): Promise<boolean> {
      return (await redis.set(keyOf(memberId), '1', 'PX', milliseconds, 'NX')) === 'OK';
    },

    /** It came to nothing. */
    async release(memberId: string): Promise<void> {
      await redis.del(keyOf(memberId));
    },
  };
}
