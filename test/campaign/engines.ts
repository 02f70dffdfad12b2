// The render servers of a campaign, in containers and beside them, which are no children of ours; and the files in their folders.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { containersOf, docker } from '../fakes/docker.ts';
import type { World } from './world.ts';

/** Process ids. */
export async function findEngines({ folder, hasContainers }: World): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const processes = pids.map(async (pid) => {
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return line.includes('render_server') && line.includes(folder) ? Number(pid) : undefined;
  });
  const containers = (hasContainers ? await containersOf(folder) : []).map(async ({ Id }) => {
    const found = await docker
      .getContainer(Id)
      .inspect()
      .catch(() => undefined);
    return found?.State.Pid || undefined;
  });
  return (await Promise.all([...processes, ...containers])).filter((pid) => pid !== undefined);
}

/** What passes between workers and engines. */
export async function engineFiles({ folder }: World): Promise<string[]> {
  const files = await filesIn(join(folder, 'data', 'engines'));
  return files.filter((file) => /\/(inputs|outputs)\//.test(file));
}

export async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return found.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}
