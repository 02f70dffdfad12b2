// What an admin can see and do from chat. Answers are a few lines of Markdown, in English, the verdict first.
import { UserError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Limits } from '../queue/limits.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { Redis } from '../queue/redis.ts';
import type { Roster, WorkerEntry } from '../queue/roster.ts';
import type { Resolution } from '../render.ts';
import type { AdminRequest } from './platform.ts';
import { createTrustAdmin, describeAct, type TrustAdminOptions } from './trust-admin.ts';

const SLOW_REDIS_MS = 100;
const LONG_WAIT_SECONDS = 15 * 60;

export interface AdminOptions extends TrustAdminOptions {
  redis: Redis;
  queue: RenderQueue;
  roster: Roster;
  limits: Limits;
  log: Logger;
}

export type Administer = (request: AdminRequest) => Promise<string>;

export function createAdmin(options: AdminOptions): Administer {
  const { platform, redis, queue, roster, audit, limits, log, now = Date.now } = options;
  const trust = createTrustAdmin(options);

  const health = async (): Promise<string> => {
    const began = performance.now();
    await redis.ping();
    const redisMs = Math.round(performance.now() - began);
    const [workers, counts] = await Promise.all([roster.list(), queue.counts()]);
    const engines = workers.reduce((sum, { slots }) => sum + slots, 0);
    const loaded = workers.reduce((sum, worker) => sum + worker.loaded, 0);
    const faults = [
      workers.length === 0 && 'no worker is online: start one with `animate-bot worker`',
      workers.length > 0 && loaded === 0 && 'no engine is loaded yet',
      counts.some(({ isPaused }) => isPaused) && 'the queue is paused: `resume` starts it again',
      workers.some(({ isDraining }) => isDraining) && 'a worker is draining',
      ...counts.map(({ resolution, quality, waiting }) => {
        const isHeld = workers.some((worker) => worker.holds[resolution] > 0 && worker.quality === quality);
        return waiting > 0 && !isHeld && workers.length > 0 && `no GPU online can render ${resolution} ${quality}`;
      }),
      ...counts.map(
        ({ resolution, quality, oldestSeconds }) =>
          oldestSeconds > LONG_WAIT_SECONDS &&
          `somebody has waited ${toWords(oldestSeconds)} for ${resolution} ${quality}`,
      ),
      redisMs > SLOW_REDIS_MS && `Redis took ${redisMs} ms to answer`,
    ].filter((fault) => fault !== false);
    return lines(
      faults.length === 0 ? '**All is well.**' : `**Look at this:** ${faults.join('; ')}.`,
      `Workers: ${workers.length} online, ${loaded} of ${engines} engines loaded`,
      `Queue: ${describeCounts(counts)}`,
      `Redis: ${redisMs} ms`,
    );
  };

  const showQueue = async (): Promise<string> => {
    const counts = await queue.counts();
    return lines(
      `**${describeCounts(counts)}**`,
      ...counts.map(({ resolution, quality, waiting, active, failed, oldestSeconds, isPaused }) => {
        const oldest = waiting > 0 ? `, the oldest for ${toWords(oldestSeconds)}` : '';
        return `${resolution} ${quality}: ${waiting} waiting${oldest}, ${active} rendering, ${failed} failed in the last day${isPaused ? ', paused' : ''}`;
      }),
    );
  };

  const showWorkers = async (): Promise<string> => {
    const workers = await roster.list();
    if (workers.length === 0) return '**No worker is online.** Start one with `animate-bot worker`.';
    return lines(`**${workers.length} online**`, ...workers.map(describeWorker));
  };

  const showJob = async (id: string): Promise<string> => {
    const entry = await queue.find(id);
    if (!entry) throw new UserError('render_unknown', `Expected the number of a render, got ${id}.`);
    const { record, outcome, isDelivered } = entry;
    const { request, member } = record;
    const status = await queue.status(entry);
    const ended = outcome
      ? `${outcome.kind}${outcome.kind === 'failed' ? ` (${outcome.code}: ${outcome.message})` : ''}, ${isDelivered ? 'delivered' : 'not delivered yet'}`
      : status.state;
    return lines(
      `**${id}**: ${ended}`,
      `For ${member.name} (${member.id}), ${toWords((now() - record.createdAt) / 1000)} ago`,
      `${request.width}×${request.height}, ${request.frames} frames, seed ${request.seed}`,
      status.state === 'waiting' && status.place ? `Place ${status.place.position}` : '',
    );
  };

  const drain = async (name: string, isUndone: boolean): Promise<string> => {
    const workers = await roster.list();
    if (!workers.some((worker) => worker.name === name || worker.host === name)) {
      const known = workers.map((worker) => worker.name).join(', ') || 'none online';
      throw new UserError('bad_option', `Expected the name of a worker (${known}), got ${name}.`);
    }
    await roster.drain(name, !isUndone);
    return isUndone
      ? `${name} takes renders again.`
      : `${name} finishes what it has and takes no more. Undo it with \`drain\` and \`undo\`.`;
  };

  const cancel = async (id: string): Promise<string> => {
    const answer = await queue.cancel(id);
    if (answer === 'unknown') throw new UserError('render_unknown', `Expected the number of a render, got ${id}.`);
    return { ended: 'It has ended already.', removed: 'Cancelled before it started.', stopping: 'Stopping it now.' }[
      answer
    ];
  };

  const showLimits = async (changes: Parameters<Limits['change']>[0]): Promise<string> => {
    const { atOnce, perDay } = await limits.change(changes);
    const most = (limit: number) => (limit === 0 ? 'no limit' : String(limit));
    return lines(
      '**For each member**',
      `At once: ${most(atOnce)}`,
      `In a day: ${most(perDay)}`,
      'What fails, or is cancelled before it starts, does not count for the day.',
    );
  };

  const administer: Administer = async (request) => {
    const { verb, subject = '', isUndone = false, limits: changes = {} } = request;
    switch (verb) {
      case 'health':
        return health();
      case 'queue':
        return showQueue();
      case 'workers':
        return showWorkers();
      case 'job':
        return showJob(subject);
      case 'pause':
        await queue.pause();
        return 'Paused: what runs goes on, nothing else starts. Commands are still taken.';
      case 'resume':
        await queue.resume();
        return 'Renders start again.';
      case 'drain':
        return drain(subject, isUndone);
      case 'cancel':
        return cancel(subject);
      case 'limits':
        return showLimits(changes);
      case 'block':
      case 'unblock':
      case 'strikes':
      case 'words':
      case 'audit':
        return trust({ ...request, verb });
    }
  };

  return async (request) => {
    const answer = await administer(request);
    const what = describeAct(request);
    if (what !== undefined) {
      log.info({ what, by: request.by.id }, 'Admin');
      await audit.add({ at: now(), platform, by: request.by, what });
    }
    return answer;
  };
}

function describeWorker({
  name,
  host,
  engine,
  slots,
  loaded,
  holds,
  quality,
  launched,
  isDraining,
}: WorkerEntry): string {
  const able = (Object.entries(holds) as [Resolution, number][]).filter(([, count]) => count > 0).map(([each]) => each);
  return `${isDraining ? '🟠' : loaded > 0 ? '🟢' : '⚪'} ${name} on ${host}: ${engine}, ${loaded} of ${slots} loaded, ${able.length > 0 ? `${able.join(' and ')} ${quality}` : 'nothing that it can render'}, launched ${launched}${isDraining ? ', draining' : ''}`;
}

function describeCounts(counts: Awaited<ReturnType<RenderQueue['counts']>>): string {
  const sum = (key: 'waiting' | 'active') => counts.reduce((total, each) => total + each[key], 0);
  return `${sum('waiting')} waiting, ${sum('active')} rendering${counts.some(({ isPaused }) => isPaused) ? ', paused' : ''}`;
}

function toWords(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

function lines(...texts: string[]): string {
  return texts.filter((text) => text !== '').join('\n');
}
