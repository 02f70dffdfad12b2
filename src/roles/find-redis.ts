// The Redis of an installation that runs already, for commands that look in from outside.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config.ts';
import { ConfigError } from '../errors.ts';
import { socketFolderOf } from '../socket-folder.ts';

/** A Redis that `start` runs is reached by its socket. */
export function findRedis({ redisUrl, dataFolder }: Config): string {
  if (redisUrl !== undefined) return redisUrl;
  const socket = join(socketFolderOf(dataFolder), 'redis.sock');
  if (existsSync(socket)) return socket;
  throw new ConfigError([
    'REDIS_URL: expected the Redis that bots and workers meet in, got nothing, and no `start` runs on this DATA_FOLDER',
  ]);
}
