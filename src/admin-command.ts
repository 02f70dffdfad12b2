// `animate-bot admin`: what admins do in chat, from a shell of whoever may reach Redis.
import { userInfo } from 'node:os';
import { createAdmin } from './bots/admin.ts';
import { ADMIN_VERBS, type AdminRequest } from './bots/platform.ts';
import { OperationError, UserError } from './errors.ts';
import { createSandbox } from './media/sandbox.ts';
import { gatherHealth } from './queue/gather-health.ts';
import { createRenderQueue } from './queue/queue.ts';
import { openBase } from './roles/base.ts';
import { findRedis } from './roles/find-redis.ts';
import { version } from './roles/package.ts';
import type { RoleOptions } from './roles/role.ts';
import { openTrust } from './roles/trust.ts';
import { within } from './within.ts';

const ANSWER_WITHIN_MS = 5000;

/** What each verb is about; those that are not here are about everything. */
const SUBJECTS: Partial<Record<AdminRequest['verb'], string>> = {
  ...{ job: 'the ID of a clip', cancel: 'the ID of a clip', retry: 'the ID of a clip' },
  ...{ drain: 'the name of a worker', unload: 'an engine, such as worker/0, or a worker' },
  ...{ block: 'the id of a member', unblock: 'the id of a member', strikes: 'the id of a member' },
};

export interface AdminCommandOptions {
  /** That the members who are blocked are on. */
  platform: string;
  undo: boolean;
  json: boolean;
}

/** Prints the answer. False if that is the health of an installation that is broken. */
export async function administer(
  given: { verb: string; subject: string | undefined },
  { platform, undo, json }: AdminCommandOptions,
  role: RoleOptions,
  output: NodeJS.WritableStream = process.stdout,
): Promise<boolean> {
  const verb = requireVerb(given);
  const { log, shutdown } = role;
  const base = await openBase(withoutServers(role), findRedis(role.config));
  await within(ANSWER_WITHIN_MS, base.redis.ping()).catch((cause) => {
    throw new OperationError('redis_unavailable', 'Redis does not answer. Check that it runs, and REDIS_URL.', {
      cause,
    });
  });
  const queue = createRenderQueue(base);
  shutdown.onStop('queue', () => queue.close());
  const health = () => gatherHealth({ ...base, queue, version });
  if (verb === 'health' && json) {
    const found = await health();
    output.write(`${JSON.stringify(found, undefined, 2)}\n`);
    return found.verdict !== 'broken';
  }
  const trust = openTrust(role.config, base.redis, createSandbox());
  const act = createAdmin({ ...base, platform, health, queue, ...trust, log });
  const { username } = userInfo();
  const by = { id: `shell:${username}`, name: username };
  const about = verb === 'words' ? { entry: given.subject } : { subject: given.subject };
  const answer = await act({ verb, ...about, isUndone: undo, by });
  // Chats draw the stars; a terminal shows them.
  output.write(`${answer.replaceAll('**', '')}\n`);
  return !answer.startsWith('**Broken');
}

function requireVerb({ verb, subject }: { verb: string; subject: string | undefined }): AdminRequest['verb'] {
  const known = ADMIN_VERBS.find((each) => each === verb);
  if (!known) throw new UserError('bad_option', `Expected one of ${ADMIN_VERBS.join(', ')}, got ${verb}.`);
  const wanted = SUBJECTS[known];
  if (wanted !== undefined && subject === undefined) {
    throw new UserError('bad_option', `Expected ${wanted} after ${known}, got nothing.`);
  }
  return known;
}

/** A look in from outside serves nothing and traces nothing. */
function withoutServers(role: RoleOptions): RoleOptions {
  const { config } = role;
  return {
    ...role,
    config: { ...config, ops: { ...config.ops, port: undefined }, traces: { endpoint: undefined, headers: {} } },
  };
}
