// What bots and workers share: Redis with all that lives in it, and the media store.
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { makeOwnFolder } from '../folders.ts';
import { createFileStore } from '../media/files.ts';
import { createS3Store } from '../media/s3.ts';
import type { Store } from '../media/store.ts';
import { type Ops, openOps } from '../ops/ops.ts';
import { createOutgoing } from '../outgoing.ts';
import { type BotRoster, createBotRoster } from '../queue/bot-roster.ts';
import { createDeliveries, type Deliveries } from '../queue/deliveries.ts';
import { createDurationLog, type DurationLog } from '../queue/durations.ts';
import { createEstimates, type Estimates } from '../queue/estimates.ts';
import { createLimits, type Limits } from '../queue/limits.ts';
import { createLine, type Line } from '../queue/line.ts';
import { createQuarantine, type Quarantine } from '../queue/quarantine.ts';
import { createRecords, type Records } from '../queue/records.ts';
import { connectRedis, logOutages, type Redis } from '../queue/redis.ts';
import { createRoster, type Roster } from '../queue/roster.ts';
import { createRules, type Rules } from '../queue/rules.ts';
import { version } from './package.ts';
import type { RoleOptions } from './role.ts';

export interface Base {
  redis: Redis;
  records: Records;
  line: Line;
  estimates: Estimates;
  roster: Roster;
  deliveries: Deliveries;
  limits: Limits;
  durations: DurationLog;
  quarantine: Quarantine;
  bots: BotRoster;
  rules: Rules;
  store: Store;
  ops: Ops;
}

export async function openBase({ config, log, shutdown }: RoleOptions, redisUrl: string): Promise<Base> {
  await makeOwnFolder(config.dataFolder);
  const redis = connectRedis(redisUrl, () => undefined);
  logOutages(redis, log);
  shutdown.onStop('redis connection', async () => redis.disconnect());
  const deliveries = createDeliveries(redis);
  shutdown.onStop('deliveries', () => deliveries.close());
  const rules = createRules(redis);
  const estimates = createEstimates(redis);
  return {
    redis,
    records: createRecords(redis, config.keepMs),
    line: createLine(redis),
    estimates,
    roster: createRoster(redis),
    deliveries,
    durations: createDurationLog(redis),
    quarantine: createQuarantine(redis, config.keepMs),
    bots: createBotRoster(redis),
    limits: createLimits({ redis, rules, estimates }),
    rules,
    store: openStore(config),
    ops: await openOps({ config, version, log, shutdown }, redis),
  };
}

export function openStore({ bucket, dataFolder, proxies }: Config): Store {
  return bucket ? createS3Store(bucket, createOutgoing(proxies)) : createFileStore(join(dataFolder, 'media'));
}
