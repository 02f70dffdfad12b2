// The Redis of an installation that is given none.
import { join } from 'node:path';
import { makePrivateFolder } from '../folders.ts';
import { holdLock } from '../ops/lock.ts';
import { startRedisServer } from '../ops/redis-server.ts';
import { leaveSocketFolder, markSocketFolder, socketFolderOf, sweepSocketFolders } from '../socket-folder.ts';
import { pythonOf } from './package.ts';
import type { RoleOptions } from './role.ts';

/** Starts the Redis of this data folder; refuses if another animate-bot already runs on it. */
export async function openEmbeddedRedis({ config, log, shutdown }: RoleOptions): Promise<string> {
  const socketFolder = await makePrivateFolder(socketFolderOf(config.dataFolder));
  shutdown.onStop('socket folder', () => leaveSocketFolder(config.dataFolder));
  const release = await holdLock(
    join(socketFolder, 'start.lock'),
    `Another animate-bot is running on ${config.dataFolder}. Stop it, or give this one its own DATA_FOLDER.`,
  );
  shutdown.onStop('lock', release);
  await markSocketFolder(config.dataFolder);
  await sweepSocketFolders();
  const server = await startRedisServer({ dataFolder: config.dataFolder, socketFolder, python: pythonOf(config), log });
  shutdown.onStop('redis', () => server.stop());
  return server.url;
}
