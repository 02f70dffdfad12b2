// Whether anything is still going on, as Redis and the stand-ins have it, without asking the bots or the workers.
import { setTimeout as sleep } from 'node:timers/promises';
import { engineFiles } from './engines.ts';
import type { World } from './world.ts';

const LOOK_EVERY_MS = 500;
/** Between a command's acknowledgement and its place in Redis nothing shows: so often in a row it has to be quiet. */
const QUIET_LOOKS = 6;

const PENDING_LISTS = ['wait', 'active', 'paused'];

/** Every line, every queue, the renders whose outcome was not told yet, and the commands that were begun and are not in line. */
export async function lookAtQueues({ look }: Pick<World, 'look'>): Promise<{ name: string; pending: number }[]> {
  const namesOf = async (pattern: string, end: string) =>
    (await look.keys(pattern + end)).map((key) => key.slice(0, key.length - end.length));
  const queues = (await namesOf('{animate}:*', ':meta')).map(async (name) => {
    const lists = PENDING_LISTS.map((list) => look.llen(`${name}:${list}`));
    const counts = await Promise.all([...lists, look.zcard(`${name}:delayed`)]);
    return { name, pending: counts.reduce((sum, count) => sum + count, 0) };
  });
  const lines = ['480p', '720p'].map(async (resolution) => {
    const name = `{animate}:line:fast:${resolution}`;
    return { name, pending: await look.zcard(`${name}:order`) };
  });
  const open = ['web', 'discord', 'slack'].map(async (platform) => {
    const name = `{animate}:open:${platform}`;
    return { name, pending: await look.scard(name) };
  });
  const begun = ['web', 'discord', 'slack'].map(async (platform) => {
    const name = `{animate}:begun:${platform}`;
    return { name, pending: await look.zcard(name) };
  });
  return Promise.all([...queues, ...lines, ...open, ...begun]);
}

async function findPending(world: World): Promise<string[]> {
  const { discord } = world;
  const queues = (await lookAtQueues(world)).filter(({ pending }) => pending > 0);
  const thinking = [...discord.world.messages.values()].filter(({ isLoading }) => isLoading).length;
  return [
    ...queues.map(({ name, pending }) => `${name}: ${pending}`),
    ...((await engineFiles(world)).length > 0 ? ['files of engines'] : []),
    ...(thinking > 0 ? [`answers on Discord that are still to come: ${thinking}`] : []),
  ];
}

/** Resolves to what is pending still when the time is over; nothing, if all came to rest before. */
export async function comeToRest(world: World, withinMs: number): Promise<string[]> {
  const deadline = Date.now() + withinMs;
  for (let quiet = 0; ; await sleep(LOOK_EVERY_MS)) {
    const pending = await findPending(world);
    quiet = pending.length === 0 ? quiet + 1 : 0;
    if (quiet >= QUIET_LOOKS || Date.now() > deadline) return pending;
  }
}
