// Where the sockets of a data folder live, in the machine's temporary folder. It goes when the last of ours there ends, and what
// was killed leaves is swept by whatever of ours starts next.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { lstatSync } from 'node:fs';
import { lstat, readdir, readFile, rm, rmdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { isOurs } from './folders.ts';

const NAME = /^animate-bot-[0-9a-f]{12}$/;
/** A file that says whose the folder is. Without it nobody sweeps it. */
const MARK = 'data-folder';
/** The data folder of one render; nobody comes back to it. */
export const RENDER_PREFIX = 'animate-render-';

/**
 * Short, because a unix socket's path is limited, and the same after every restart and for every command. In a shared /tmp another account
 * can have taken the name first; nobody else can take one in the data folder. Not $XDG_RUNTIME_DIR, which a service has and a shell
 * beside it has not: they would not find each other.
 */
export function socketFolderOf(dataFolder: string): string {
  const name = `animate-bot-${createHash('sha256').update(dataFolder).digest('hex').slice(0, 12)}`;
  const usual = join(tmpdir(), name);
  const found = lstatSync(usual, { throwIfNoEntry: false });
  return found === undefined || isOurs(found) ? usual : join(dataFolder, name);
}

/** Once a lock in it is held: from then on it can be told whether anybody of ours is there. */
export async function markSocketFolder(dataFolder: string): Promise<void> {
  await writeFile(join(socketFolderOf(dataFolder), MARK), dataFolder, { mode: 0o600 });
}

/** Takes away what is empty; another process of ours may still be there, or an engine that outlives its worker. */
export async function leaveSocketFolder(dataFolder: string): Promise<void> {
  const folder = socketFolderOf(dataFolder);
  await removeEmptyFoldersIn(folder);
  const names = await readdir(folder).catch(() => []);
  if (names.some((name) => name !== MARK)) return;
  await rm(join(folder, MARK), { force: true });
  // Somebody of ours may have come in between.
  await rmdir(folder).catch(() => markSocketFolder(dataFolder).catch(() => undefined));
}

async function removeEmptyFoldersIn(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    if (!entry.isDirectory()) continue;
    const inner = join(folder, entry.name);
    await removeEmptyFoldersIn(inner);
    await rmdir(inner).catch(() => undefined);
  }
}

/** Never throws: nobody waits for a tidy machine. */
export async function sweepSocketFolders(): Promise<void> {
  const names = await readdir(tmpdir()).catch(() => []);
  for (const name of names.filter((each) => NAME.test(each))) {
    await sweep(join(tmpdir(), name)).catch(() => undefined);
  }
}

async function sweep(folder: string): Promise<void> {
  const found = await lstat(folder);
  if (!isOurs(found)) return;
  const dataFolder = await readFile(join(folder, MARK), 'utf8');
  if (socketFolderOf(dataFolder) !== folder) return;
  const isForOneRender = dirname(dataFolder) === tmpdir() && basename(dataFolder).startsWith(RENDER_PREFIX);
  // Whoever starts on that data folder again goes on with what is here.
  if (!isForOneRender && !(await isGone(dataFolder))) return;
  if (await isAnyoneIn(folder)) return;
  await rm(folder, { recursive: true, force: true });
  if (isForOneRender) await rm(dataFolder, { recursive: true, force: true });
}

async function isGone(path: string): Promise<boolean> {
  return lstat(path).then(
    () => false,
    (error: NodeJS.ErrnoException) => error.code === 'ENOENT',
  );
}

async function isAnyoneIn(folder: string): Promise<boolean> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sockets = entries.filter((entry) => entry.isSocket()).map(({ parentPath, name }) => join(parentPath, name));
  for (const socket of sockets) if (!(await isDead(socket))) return true;
  return false;
}

/** Only a plain no counts: a socket whose process is too busy to answer is alive. */
async function isDead(socketPath: string): Promise<boolean> {
  const connection = connect(socketPath);
  try {
    await once(connection, 'connect');
    return false;
  } catch (error) {
    return ['ECONNREFUSED', 'ENOENT'].includes((error as NodeJS.ErrnoException).code ?? '');
  } finally {
    connection.destroy();
  }
}
