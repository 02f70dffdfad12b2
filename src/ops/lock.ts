// One process at a time: a lock that the kernel takes back whatever way its holder dies.

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { OperationError } from '../errors.ts';

/** A lock that was left behind is cleared away; when others clear it at the same moment, this often in all. */
const MAX_TRIES = 5;

/**
 * Holds the lock until the returned function is called or this process ends. Throws OperationError `setup_missing` with
 * `refusal` if another living process holds it.
 *
 * The lock is a listening unix socket: unlike a pid file, it cannot be left behind by a process that was killed. It is bound
 * first and asked about afterwards, so that of two processes that start at once one gets it.
 */
export async function holdLock(socketPath: string, refusal: string): Promise<() => Promise<void>> {
  const refuse = () => new OperationError('setup_missing', refusal, { isRetryable: false });
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const server = await listen(socketPath);
    if (server) {
      server.unref();
      return async () => {
        server.close();
        await once(server, 'close');
      };
    }
    if ((await isHeld(socketPath)) || !(await clearAway(socketPath))) throw refuse();
  }
  throw refuse();
}

/** Does a living process hold it? */
export async function isHeld(socketPath: string): Promise<boolean> {
  const connection = connect(socketPath);
  try {
    await once(connection, 'connect');
    return true;
  } catch {
    return false; // No such file, or nobody listens on it any more.
  } finally {
    connection.destroy();
  }
}

/** False if what lies there is held after all: another process was faster, and gets its lock back. */
async function clearAway(socketPath: string): Promise<boolean> {
  const aside = `${socketPath}.${randomUUID()}`;
  try {
    await rename(socketPath, aside);
  } catch {
    return true; // Another process has cleared it away.
  }
  if (await isHeld(aside)) {
    await rename(aside, socketPath);
    return false;
  }
  await rm(aside, { force: true });
  return true;
}

/** Undefined where something lies there already. */
async function listen(socketPath: string): Promise<Server | undefined> {
  const server = createServer((connection) => connection.destroy());
  server.listen(socketPath);
  try {
    await once(server, 'listening');
    return server;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
}
