// What is kept for good under a name and must not be lost, such as a workspace's installation. Its owner seals what is secret.
import { KEY_PREFIX, type Redis } from './redis.ts';

export type Vault = ReturnType<typeof createVault>;

export function createVault(redis: Redis, owner: string) {
  const key = `${KEY_PREFIX}:vault:${owner}`;
  return {
    async put(name: string, value: string): Promise<void> {
      await redis.hset(key, name, value);
    },

    async get(name: string): Promise<string | undefined> {
      return (await redis.hget(key, name)) ?? undefined;
    },

    async remove(name: string): Promise<void> {
      await redis.hdel(key, name);
    },
  };
}
