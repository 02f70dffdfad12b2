// One process at a time: a lock that the kernel takes back whatever way its holder dies.

import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { OperationError } from '../errors.ts';

/**
 * Holds the lock until the returned function is called or this process ends. Throws OperationError `setup_missing` with
 * `refusal` if another living process holds it.
 *
 * The lock is a listening unix socket: unlike a pid file, it cannot be left behind by a process that was killed.
 */
export async function holdLock(socketPath: string, refusal: string): Promise<() => Promise<void>> {
  if (await isHeld(socketPath)) throw new OperationError('setup_missing', refusal, { isRetryable: false });
  await rm(socketPath, { force: true });
  const server = createServer((connection) => connection.destroy());
  await listen(server, socketPath);
  server.unref();
  return async () => {
    server.close();
    await once(server, 'close');
  };
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

async function listen(server: Server, socketPath: string): Promise<void> {
  server.listen(socketPath);
  await once(server, 'listening');
}
