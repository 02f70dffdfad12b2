// How Redis is doing, and whether it is set up to lose nothing. What a hosted Redis does not tell stays undefined.
import type { Redis } from './redis.ts';

export interface RedisHealth {
  latencyMs: number;
  version: string;
  usedBytes: number;
  /** 0 is no limit. */
  maxBytes: number;
  /** `noeviction` is the one that keeps waiting renders. */
  evictionPolicy: string | undefined;
  isAppendOnly: boolean;
  /** What could not be written to its disk; undefined if all could. */
  writeFault: string | undefined;
}

export async function readRedisHealth(redis: Redis): Promise<RedisHealth> {
  const latencyMs = Math.min(await timePing(redis), await timePing(redis), await timePing(redis));
  const info = await redis.info();
  const field = (name: string) => new RegExp(`^${name}:(\\S+)`, 'm').exec(info)?.[1];
  return {
    latencyMs: Math.round(latencyMs * 10) / 10,
    // Valkey calls itself by its own name, and by Redis' for the sake of clients.
    version: field('valkey_version') ?? field('redis_version') ?? 'unknown',
    usedBytes: Number(field('used_memory') ?? 0),
    maxBytes: Number(field('maxmemory') ?? 0),
    evictionPolicy: field('maxmemory_policy'),
    isAppendOnly: field('aof_enabled') === '1',
    writeFault: findWriteFault(field),
  };
}

/** The fastest of a few is Redis' own; the others are what this process was busy with. */
async function timePing(redis: Redis): Promise<number> {
  const began = performance.now();
  await redis.ping();
  return performance.now() - began;
}

function findWriteFault(field: (name: string) => string | undefined): string | undefined {
  if (field('aof_enabled') === '1' && (field('aof_last_write_status') ?? 'ok') !== 'ok') return 'the append-only file';
  if ((field('rdb_last_bgsave_status') ?? 'ok') !== 'ok') return 'a snapshot';
  return undefined;
}
