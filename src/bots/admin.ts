// What an admin can see and do from chat. Answers are a few lines of Markdown, in English, the verdict first.
import { UserError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Health } from '../queue/health.ts';
import { type Quarantine, showQuarantined } from '../queue/quarantine.ts';
import type { RenderQueue } from '../queue/queue.ts';
import type { Roster } from '../queue/roster.ts';
import type { Rules } from '../queue/rules.ts';
import { administerLimits } from './admin-limits.ts';
import { describeHealth, describeLanes, describeWorker, lines, toWords } from './health-words.ts';
import type { AdminRequest } from './platform.ts';
import { createTrustAdmin, describeAct, type TrustAdminOptions } from './trust-admin.ts';

export interface AdminOptions extends TrustAdminOptions {
  health(): Promise<Health>;
  queue: RenderQueue;
  roster: Roster;
  rules: Rules;
  quarantine: Quarantine;
  /** Called for a render that is tried again. */
  onRetry?(renderId: string): void;
  log: Logger;
}

export type Administer = (request: AdminRequest) => Promise<string>;

export function createAdmin(options: AdminOptions): Administer {
  const { platform, health, queue, roster, rules, quarantine, audit, onRetry, log, now = Date.now } = options;
  const trust = createTrustAdmin(options);

  const showQueue = async (): Promise<string> => {
    const counts = await queue.counts();
    return lines(
      `**${describeLanes(counts)}**`,
      ...counts.map(({ resolution, quality, waiting, active, failed, oldestSeconds, isPaused }) => {
        const oldest = waiting > 0 ? `, the oldest for ${toWords(oldestSeconds)}` : '';
        return `${resolution} ${quality}: ${waiting} waiting${oldest}, ${active} rendering, ${failed} failed in the last day${isPaused ? ', paused' : ''}`;
      }),
    );
  };

  const showWorkers = async (): Promise<string> => {
    const workers = await roster.list();
    if (workers.length === 0) return '**No worker is online.** Start one with `animate-bot worker`.';
    return lines(`**${workers.length} online**`, ...workers.map((worker) => describeWorker(worker, now())));
  };

  const showJob = async (id: string): Promise<string> => {
    const entry = await queue.find(id);
    if (!entry) throw unknownClip(id);
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
      const known = workers.map((worker) => worker.name).join(', ') || 'none';
      throw new UserError('bad_option', `I don't know a worker called ${name} (online: ${known}).`);
    }
    await roster.drain(name, !isUndone);
    return isUndone
      ? `${name} takes clips again.`
      : `${name} finishes what it has and takes no more. To undo that, use \`drain\` with \`undo\`.`;
  };

  const cancel = async (id: string): Promise<string> => {
    const answer = await queue.cancel(id);
    if (answer === 'unknown') throw unknownClip(id);
    return { ended: 'It has already finished.', removed: 'Cancelled before it started.', stopping: 'Stopping it now.' }[
      answer
    ];
  };

  const retry = async (id: string): Promise<string> => {
    const answer = await queue.retry(id);
    if (answer === 'unknown') throw unknownClip(id);
    if (answer === 'again') onRetry?.(id);
    return {
      not_failed: "It hasn't failed, so there's nothing to retry.",
      not_told: "The member hasn't been told of the failure yet. Retry when `job` says that it's delivered.",
      again: 'Back in line. Its message shows how it goes.',
    }[answer];
  };

  /** `name` or a host for all of its engines, `name/0` for one. */
  const unload = async (subject: string): Promise<string> => {
    const [, name = subject, slot] = /^(.+?)(?:\/(\d+))?$/.exec(subject) ?? [];
    const workers = await roster.list();
    const chosen = workers
      .filter((worker) => worker.name === name || worker.host === name)
      .flatMap(({ id, engines }) => engines.map((engine) => ({ id, engine })))
      .filter(({ engine }) => slot === undefined || engine.slot === Number(slot));
    if (chosen.length === 0) {
      const known = workers.flatMap((worker) => worker.engines.map((engine) => `${worker.name}/${engine.slot}`));
      throw new UserError(
        'bad_option',
        `I don't know an engine called ${subject} (online: ${known.join(', ') || 'none'}).`,
      );
    }
    for (const { id, engine } of chosen) await queue.unload(id, engine.slot);
    return chosen.some(({ engine }) => engine.state === 'lent')
      ? 'It finishes its current clip first. Then its GPU is free until the next one.'
      : 'Its GPU is free until the next clip.';
  };

  const showQuarantine = async (): Promise<string> => {
    const shown = await showQuarantined(quarantine, queue.find);
    if (shown.length === 0) return '**Nothing is in quarantine.**';
    return lines(
      '**Broke every engine that tried them**, the latest:',
      ...shown.map(({ id, askedBy, askedAt, why }) => {
        const asked = askedAt === undefined ? '' : ` for ${askedBy}, ${toWords((now() - askedAt) / 1000)} ago`;
        return `${id}${asked}: ${why}`;
      }),
      '`retry` tries one of them again.',
    );
  };

  const administer: Administer = async (request) => {
    const { verb, subject = '', isUndone = false, limits, by } = request;
    switch (verb) {
      case 'health':
        return describeHealth(await health());
      case 'queue':
        return showQueue();
      case 'workers':
        return showWorkers();
      case 'job':
        return showJob(subject);
      case 'pause':
        await queue.pause();
        return 'Paused: what runs goes on, and nothing else starts. Requests still join the line.';
      case 'resume':
        await queue.resume();
        return 'Resumed: clips start again.';
      case 'drain':
        return drain(subject, isUndone);
      case 'cancel':
        return cancel(subject);
      case 'retry':
        return retry(subject);
      case 'unload':
        return unload(subject);
      case 'quarantine':
        return showQuarantine();
      case 'limits':
        return administerLimits(rules, platform, { limits, by });
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

function unknownClip(id: string): UserError {
  return new UserError('render_unknown', `I don't know a clip with the ID ${id}.`);
}
