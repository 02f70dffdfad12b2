// Everything that a Redis holds, as text: for tests that something is nowhere in it.
import type { Redis } from 'ioredis';

export async function everythingIn(redis: Redis, isLeftOut: (key: string) => boolean = () => false): Promise<string> {
  const parts: string[] = [];
  for (const key of (await redis.keys('*')).filter((each) => !isLeftOut(each)))
    parts.push(key, JSON.stringify(await contentOf(redis, key)));
  return parts.join('\n');
}

export async function contentOf(redis: Redis, key: string): Promise<unknown> {
  const kind = await redis.type(key);
  switch (kind) {
    case 'string':
      return redis.get(key);
    case 'hash':
      return redis.hgetall(key);
    case 'list':
      return redis.lrange(key, 0, -1);
    case 'set':
      return redis.smembers(key);
    case 'zset':
      return redis.zrange(key, 0, '-1', 'WITHSCORES');
    case 'stream':
      return redis.xrange(key, '-', '+');
    // It ended in the meantime.
    case 'none':
      return undefined;
    default:
      throw new Error(`Expected a kind of value that is known here, got ${kind}`);
  }
}
