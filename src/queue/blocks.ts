// Whose commands are not taken any more, by an admin's word.
import { KEY_PREFIX, type Redis } from './redis.ts';

export type Blocks = ReturnType<typeof createBlocks>;

export function createBlocks(redis: Redis) {
  const keyOf = (platform: string) => `${KEY_PREFIX}:blocked:${platform}`;
  return {
    /** False if it was so already. */
    async block(platform: string, memberId: string): Promise<boolean> {
      return (await redis.sadd(keyOf(platform), memberId)) === 1;
    },

    async unblock(platform: string, memberId: string): Promise<boolean> {
      return (await redis.srem(keyOf(platform), memberId)) === 1;
    },

    async isBlocked(platform: string, memberId: string): Promise<boolean> {
      return (await redis.sismember(keyOf(platform), memberId)) === 1;
    },
  };
}
