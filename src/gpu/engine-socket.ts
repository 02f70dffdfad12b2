// The way to an engine's socket. Its container may put a link in the socket's place, to another engine's or to Redis'.
import { constants } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import type { buildConnector } from 'undici';

/** Linux' own: the file itself is held, whatever comes to lie at its path; nothing is opened. */
const O_PATH = 0x200000;

/** Connects to what lies at this very path, if it is a socket. */
export function connectorTo(socketPath: string): buildConnector.connector {
  return (_options, callback) => {
    reach(socketPath).then(
      (socket) => callback(null, socket),
      (error: Error) => callback(error, null),
    );
  };
}

async function reach(socketPath: string): Promise<Socket> {
  // Elsewhere there are no containers that share a folder with us.
  if (process.platform !== 'linux') {
    requireSocket(socketPath, await lstat(socketPath));
    return connected(socketPath);
  }
  await using held: FileHandle = await open(socketPath, O_PATH | constants.O_NOFOLLOW);
  requireSocket(socketPath, await held.stat());
  return await connected(`/proc/self/fd/${held.fd}`);
}

function requireSocket(socketPath: string, found: { isSocket(): boolean }): void {
  if (!found.isSocket()) throw new TypeError(`Expected a socket, got something else at ${socketPath}`);
}

function connected(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}
