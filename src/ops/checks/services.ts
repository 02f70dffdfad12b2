// What bots and workers meet in: Redis, each other, and the store of pictures and clips.
import { randomUUID } from 'node:crypto';
import type { Config } from '../../config.ts';
import { connectRedis } from '../../queue/redis.ts';
import { createRoster } from '../../queue/roster.ts';
import { openStore } from '../../roles/base.ts';
import { pythonOf } from '../../roles/package.ts';
import { findRedisServer, isRecent } from '../redis-server.ts';
import { type Finding, lastLine, withTimeout } from './finding.ts';

/** Times are compared across machines: when a clip is ready, when a worker was seen. */
const MOST_CLOCK_DIFFERENCE_SECONDS = 5;

export async function checkRedis(config: Config): Promise<Finding> {
  const subject = 'Redis';
  if (!config.redisUrl) {
    try {
      return {
        verdict: 'ok',
        subject,
        text: `none given; \`start\` runs its own: ${await findRedisServer(pythonOf(config))}`,
      };
    } catch (error) {
      return { verdict: 'fail', subject, text: lastLine(error) };
    }
  }
  let giveUp = (_error: Error): void => undefined;
  const unreachable = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  // A role would wait for its Redis; whoever asks a doctor wants to know now.
  const redis = connectRedis(config.redisUrl, (error) => giveUp(error));
  try {
    const info = await withTimeout(Promise.race([redis.info(), unreachable]));
    const version = /redis_version:(\S+)/.exec(info)?.[1];
    const isDurable = /aof_enabled:1/.test(info);
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
    const found = `${version}, ${isDurable ? 'append-only file on' : 'append-only file off'}, ${policy}`;
    if (!isRecent(version)) return { verdict: 'fail', subject, text: `${found}; expected 6.2 or newer` };
    if (policy !== 'noeviction') {
      return {
        verdict: 'fail',
        subject,
        text: `${found}; set \`maxmemory-policy noeviction\`, or waiting renders can vanish`,
      };
    }
    if (!isDurable)
      return { verdict: 'warn', subject, text: `${found}; set \`appendonly yes\`, or a restart forgets renders` };
    return { verdict: 'ok', subject, text: found };
  } catch (error) {
    return {
      verdict: 'fail',
      subject,
      text: `REDIS_URL does not answer (${lastLine(error)}); check the address and the password`,
    };
  } finally {
    redis.disconnect();
  }
}

/** Against Redis, which every machine meets in. */
export async function checkClock({ redisUrl }: Config): Promise<Finding> {
  const subject = 'Clock';
  if (!redisUrl) return { verdict: 'ok', subject, text: new Date().toISOString() };
  const redis = connectRedis(redisUrl, () => undefined);
  try {
    const asked = Date.now();
    const [seconds, microseconds] = await withTimeout(redis.time());
    const there = Number(seconds) * 1000 + Number(microseconds) / 1000;
    const apart = Math.abs(there - (asked + Date.now()) / 2) / 1000;
    const text = `${new Date().toISOString()}, ${apart.toFixed(1)} s from Redis’ clock`;
    if (apart <= MOST_CLOCK_DIFFERENCE_SECONDS) return { verdict: 'ok', subject, text };
    return { verdict: 'fail', subject, text: `${text}; expected the same time on every machine: set up NTP on both` };
  } catch (error) {
    return {
      verdict: 'warn',
      subject,
      text: `nothing to compare it with (${lastLine(error)}); check the line of Redis`,
    };
  } finally {
    redis.disconnect();
  }
}

/** Who is online, and how their engines were launched. */
export async function checkWorkers({ redisUrl }: Config): Promise<Finding> {
  const subject = 'Workers';
  if (!redisUrl) return { verdict: 'ok', subject, text: '`start` runs its own' };
  const redis = connectRedis(redisUrl, () => undefined);
  try {
    const workers = await withTimeout(createRoster(redis).list());
    if (workers.length > 0) {
      const each = workers.map(
        ({ host, engine, slots, launched }) => `${host}: ${slots} × ${engine}, launched ${launched}`,
      );
      return { verdict: 'ok', subject, text: each.join('; ') };
    }
    return {
      verdict: 'warn',
      subject,
      text: 'none is online; expected at least one: `node dist/main.js worker` starts it',
    };
  } catch (error) {
    return { verdict: 'warn', subject, text: `nobody can tell (${lastLine(error)}); check the line of Redis` };
  } finally {
    redis.disconnect();
  }
}

/** Keeps a few bytes, reads them and removes them. */
export async function checkStore(config: Config): Promise<Finding> {
  const subject = 'Store';
  if (!config.bucket) return { verdict: 'ok', subject, text: 'DATA_FOLDER, see the line of Disk' };
  const { bucket, endpoint, region } = config.bucket;
  const store = openStore(config);
  const key = `pictures/doctor-${randomUUID()}.png`;
  try {
    await store.write(key, Buffer.from('doctor'));
    const size = await store.size(key);
    await store.remove(key);
    if (size !== 'doctor'.length)
      throw new Error(`What was kept in ${bucket} was not there afterwards; check S3_ENDPOINT.`);
    return {
      verdict: 'ok',
      subject,
      text: `the bucket ${bucket} at ${endpoint ?? `AWS in ${region}`} keeps, tells and removes`,
    };
  } catch (error) {
    return { verdict: 'fail', subject, text: lastLine(error) };
  }
}
