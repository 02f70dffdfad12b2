// The words and patterns that an installation adds to what is refused. Private: they are in no log and no answer but to an admin.
import { KEY_PREFIX, type Redis } from './redis.ts';

const KEY = `${KEY_PREFIX}:forbidden-words`;

export type WordList = ReturnType<typeof createWordList>;

export function createWordList(redis: Redis) {
  return {
    async add(entry: string): Promise<boolean> {
      return (await redis.sadd(KEY, entry)) === 1;
    },

    async remove(entry: string): Promise<boolean> {
      return (await redis.srem(KEY, entry)) === 1;
    },

    async list(): Promise<string[]> {
      return (await redis.smembers(KEY)).sort();
    },
  };
}
