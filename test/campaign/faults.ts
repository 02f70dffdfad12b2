// Breaks things as the schedule says, and mends them again.
import { execFileSync } from 'node:child_process';
import { open, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findEngines } from './engines.ts';
import type { Fault, FaultName } from './schedule.ts';
import type { Kept, World } from './world.ts';

const TROUBLES = 6;
const SLOW_MS = 400;
const FILL_BYTES = 2 ** 20;
/** What is to happen just then may not happen any more. */
const AIMED_WITHIN_MS = 20_000;

const MESSAGES = /^\/channels\/\d+\/messages$/;

/** Of Redis and of the disk there is one: what breaks it waits until it is whole. */
const ALONE = /^(Redis|disk) /;

export function createBreaking(world: World) {
  const busy = new Map<string, Promise<void>>();
  /** Resolves when it is mended. */
  return async (fault: Fault): Promise<void> => {
    const alone = ALONE.exec(fault.name)?.[1];
    const before = alone === undefined ? undefined : busy.get(alone);
    const breaking = (before ?? Promise.resolve()).then(() => BREAKING[fault.name](world, fault));
    if (alone !== undefined) busy.set(alone, breaking);
    await breaking;
  };
}

const oneOf = ({ kept }: World, kind: Kept['kind'], { which }: Fault): Kept => {
  const those = kept.filter((each) => each.kind === kind);
  const found = those[which % those.length];
  if (!found) throw new Error(`There is no ${kind}`);
  return found;
};

const paused = async (pid: number | undefined, ms: number): Promise<void> => {
  if (!signal(pid, 'SIGSTOP')) return;
  await sleep(ms);
  signal(pid, 'SIGCONT');
};

/** False if it has ended already. */
function signal(pid: number | undefined, name: NodeJS.Signals): boolean {
  try {
    return pid !== undefined && process.kill(pid, name);
  } catch {
    return false;
  }
}

const anEngine = async (world: World, { which }: Fault): Promise<number | undefined> => {
  const engines = await findEngines(world);
  return engines[which % engines.length];
};

async function withoutRedis({ redis }: World, by: NodeJS.Signals, ms: number): Promise<void> {
  await redis.halt(by);
  await sleep(ms);
  await redis.resume();
}

async function silenced({ proxy }: Kept, ms: number): Promise<void> {
  const over = sleep(ms);
  proxy.silence(over);
  await over;
}

async function slowed({ proxy }: Kept, ms: number): Promise<void> {
  proxy.slow(SLOW_MS);
  await sleep(ms);
  proxy.slow(0);
}

async function troubled(troubles: { times: number }[], ms: number): Promise<void> {
  await sleep(ms);
  for (const trouble of troubles) trouble.times = 0;
}

/** `late`: it answers when the trouble is over. */
const onDiscord = ({ discord }: World, status: number | 'late' | 'lost', ms: number): Promise<void> => {
  const until = sleep(ms);
  return troubled(
    ['POST', 'PATCH', 'GET'].map((method) => discord.trouble({ method, path: /./, status, until, times: TROUBLES })),
    ms,
  );
};

const onSlack = (world: World, trouble: { status: number | 'hang'; isDone?: boolean }, ms: number): Promise<void> =>
  troubled([world.slack.trouble({ method: /^(chat|files|users)\./, ...trouble, times: TROUBLES })], ms);

/** The service does what it was asked for, and no bot lives to hear of it. */
async function killedAs(
  { kept }: World,
  trouble: { times: number },
  until: (look: () => boolean, timeoutMs: number) => Promise<unknown>,
): Promise<void> {
  const isMet = await until(() => trouble.times === 0, AIMED_WITHIN_MS).then(
    () => true,
    () => false,
  );
  trouble.times = 0;
  if (isMet) await Promise.all(kept.filter(({ kind }) => kind === 'bot').map(({ role }) => role.kill('SIGKILL')));
}

const killedAsDiscord = (
  world: World,
  request: { method: string; path: RegExp; isUpload?: boolean; says?: RegExp },
): Promise<void> =>
  killedAs(world, world.discord.trouble({ ...request, status: 'lost', times: 1 }), world.discord.until);

const killedAsSlack = (world: World, method: string): Promise<void> =>
  killedAs(world, world.slack.trouble({ method, status: 'hang', isDone: true, times: 1 }), world.slack.until);

async function diskFull({ media, diskIsFixed }: World, ms: number): Promise<void> {
  if (diskIsFixed !== undefined) return;
  const ballast = join(media, 'ballast');
  const file = await open(ballast, 'w');
  try {
    const { bavail, bsize } = await statfs(media);
    const piece = Buffer.alloc(FILL_BYTES);
    // Until there is no room for another: the last piece may be cut short.
    for (let left = bavail * bsize + FILL_BYTES; left > 0; left -= FILL_BYTES) await file.write(piece);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
  await sleep(ms);
  await rm(ballast);
}

async function diskReadOnly({ media, diskIsFixed }: World, ms: number): Promise<void> {
  if (diskIsFixed !== undefined) return;
  try {
    execFileSync('mount', ['-o', 'remount,ro', media], { stdio: 'pipe' });
  } catch {
    return; // A file is just being written, and the system lets it.
  }
  await sleep(ms);
  execFileSync('mount', ['-o', 'remount,rw', media], { stdio: 'pipe' });
}

const BREAKING: Record<FaultName, (world: World, fault: Fault) => Promise<void>> = {
  'bot killed': (world, fault) => oneOf(world, 'bot', fault).role.kill('SIGKILL'),
  'bot stopped': (world, fault) => oneOf(world, 'bot', fault).role.kill('SIGTERM'),
  'bot paused': (world, fault) => paused(oneOf(world, 'bot', fault).role.process.pid, fault.lastsMs),
  'worker killed': (world, fault) => oneOf(world, 'worker', fault).role.kill('SIGKILL'),
  'worker stopped': (world, fault) => oneOf(world, 'worker', fault).role.kill('SIGTERM'),
  'worker paused': (world, fault) => paused(oneOf(world, 'worker', fault).role.process.pid, fault.lastsMs),
  'engine killed': async (world, fault) => void signal(await anEngine(world, fault), 'SIGKILL'),
  'engine paused': async (world, fault) => paused(await anEngine(world, fault), fault.lastsMs),
  'Redis killed': (world, { lastsMs }) => withoutRedis(world, 'SIGKILL', lastsMs / 2),
  'Redis stopped': (world, { lastsMs }) => withoutRedis(world, 'SIGTERM', lastsMs / 2),
  'connections to Redis cut': async ({ kept }, { which }) => kept[which % kept.length]?.proxy.cut(),
  'connections to Redis slow': async ({ kept }, { which, lastsMs }) =>
    slowed(kept[which % kept.length] as Kept, lastsMs),
  'connections to Redis silent': async ({ kept }, { which, lastsMs }) =>
    silenced(kept[which % kept.length] as Kept, lastsMs),
  'Discord answers 429': (world, { lastsMs }) => onDiscord(world, 429, lastsMs),
  'Discord answers 503': (world, { lastsMs }) => onDiscord(world, 503, lastsMs),
  'Discord hangs': (world, { lastsMs }) => onDiscord(world, 'late', lastsMs),
  'Discord does it and the answer is lost': (world, { lastsMs }) => onDiscord(world, 'lost', lastsMs),
  'bots killed as Discord hears that a command is taken': (world) =>
    killedAsDiscord(world, { method: 'POST', path: /^\/interactions\// }),
  'bots killed as Discord has a message': (world) => killedAsDiscord(world, { method: 'POST', path: MESSAGES }),
  'bots killed as Discord has a clip': (world) =>
    killedAsDiscord(world, { method: 'PATCH', path: /^\/channels\//, isUpload: true }),
  'bots killed as Discord calls a member': (world) =>
    killedAsDiscord(world, { method: 'POST', path: MESSAGES, says: /^<@\d+>/ }),
  'Discord drops the gateway': async ({ discord }) => discord.gateway.drop(),
  'Discord forgets its sessions': async ({ discord }) => discord.gateway.drop({ canResume: false }),
  'Slack answers 429': (world, { lastsMs }) => onSlack(world, { status: 429 }, lastsMs),
  'Slack answers 503': (world, { lastsMs }) => onSlack(world, { status: 503 }, lastsMs),
  'Slack hangs': (world, { lastsMs }) => onSlack(world, { status: 'hang' }, lastsMs),
  'Slack does it and the answer is lost': (world, { lastsMs }) =>
    onSlack(world, { status: 503, isDone: true }, lastsMs),
  'bots killed as Slack has a message': (world) => killedAsSlack(world, 'chat.postMessage'),
  'bots killed as Slack has a clip': (world) => killedAsSlack(world, 'files.completeUploadExternal'),
  'Slack drops the socket': async ({ slack }) => slack.socket.drop(),
  'Slack asks for another connection': async ({ slack }) => slack.socket.disconnect(),
  'disk full': (world, { lastsMs }) => diskFull(world, lastsMs),
  'disk read-only': (world, { lastsMs }) => diskReadOnly(world, lastsMs),
};
