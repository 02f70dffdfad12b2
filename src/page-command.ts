// `animate-bot page`: the link that opens the chat page, for whoever may reach Redis.
import { createPageSecrets, linkOf, PAGE_PREFIX } from './bots/web/page-secrets.ts';
import { createSessions } from './bots/web/sessions.ts';
import type { Config } from './config.ts';
import { OperationError, UserError } from './errors.ts';
import { createPages } from './queue/pages.ts';
import { connectRedis } from './queue/redis.ts';
import { findRedis } from './roles/find-redis.ts';
import { within } from './within.ts';

const ANSWER_WITHIN_MS = 5000;

export interface PageCommandOptions {
  /** Every browser is logged out. */
  logOut: boolean;
  /** The links so far open nothing any more, and every browser is logged out. */
  renew: boolean;
}

/** Prints a link for each bot that is there, and nothing else. */
export async function showPage(
  config: Config,
  { logOut, renew }: PageCommandOptions,
  output: NodeJS.WritableStream = process.stdout,
): Promise<void> {
  const { token: given, isOpen } = config.web;
  if (renew && (given !== undefined || isOpen)) {
    throw new UserError('bad_option', 'WEB_TOKEN says what the token is: change it there, and restart the bot.');
  }
  const redis = connectRedis(findRedis(config), () => undefined);
  try {
    await within(ANSWER_WITHIN_MS, redis.ping()).catch((cause) => {
      throw new OperationError('redis_unavailable', 'Redis does not answer. Check that it runs, and REDIS_URL.', {
        cause,
      });
    });
    const secrets = createPageSecrets(redis, given);
    if (renew) await secrets.renew();
    if (renew || logOut) await createSessions({ redis, prefix: PAGE_PREFIX, now: Date.now }).endAll();
    const addresses = new Set((await createPages(redis).list()).map(({ address }) => address));
    if (addresses.size === 0) {
      throw new OperationError('setup_missing', 'No bot is online, so there is no page. `npm start` starts one.');
    }
    const token = isOpen ? undefined : await secrets.token();
    for (const address of addresses) output.write(`${token === undefined ? address : linkOf(address, token)}\n`);
  } finally {
    redis.disconnect();
  }
}
