// Whether anything is still going on, as Redis and the stand-ins have it, without asking the bots or the workers.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { World } from './world.ts';

const LOOK_EVERY_MS = 500;
/** Between a command's acknowledgement and its place in Redis nothing shows: so often in a row it has to be quiet. */
const QUIET_LOOKS = 6;

const PENDING: Record<string, (redis: Redis, key: string) => Promise<number>> = {
  '{animate}:open:*': (redis, key) => redis.scard(key),
  '{animate}:line:*:order': (redis, key) => redis.zcard(key),
  '{animate}:*:wait': (redis, key) => redis.llen(key),
  '{animate}:*:active': (redis, key) => redis.llen(key),
  '{animate}:*:paused': (redis, key) => redis.llen(key),
  '{animate}:*:delayed': (redis, key) => redis.zcard(key),
};

/** Every line and every queue, and how much is in it. */
export async function lookAtQueues({ look }: Pick<World, 'look'>): Promise<{ key: string; pending: number }[]> {
  const found: { key: string; pending: number }[] = [];
  for (const [pattern, count] of Object.entries(PENDING)) {
    for (const key of await look.keys(pattern)) found.push({ key, pending: await count(look, key) });
  }
  return found;
}

async function findPending({ look, discord }: World): Promise<string[]> {
  const queues = (await lookAtQueues({ look })).filter(({ pending }) => pending > 0);
  const thinking = [...discord.world.messages.values()].filter(({ isLoading }) => isLoading).length;
  return [
    ...queues.map(({ key, pending }) => `${key}: ${pending}`),
    ...(thinking > 0 ? [`answers on Discord that are still to come: ${thinking}`] : []),
  ];
}

/** Resolves to what is pending still when the time is over; nothing, if all came to rest before. */
export async function comeToRest(world: World, withinMs: number): Promise<string[]> {
  const deadline = Date.now() + withinMs;
  for (let quiet = 0; ; await sleep(LOOK_EVERY_MS)) {
    const pending = await findPending(world);
    quiet = pending.length === 0 ? quiet + 1 : 0;
    if (quiet >= QUIET_LOOKS || Date.now() > deadline) return pending;
  }
}
