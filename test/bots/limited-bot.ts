// A bot that lets each member have one render at once, and what is counted and waits there.
import { createEstimates } from '../../src/queue/estimates.ts';
import { createLimits } from '../../src/queue/limits.ts';
import { createRules } from '../../src/queue/rules.ts';
import type { Place, RenderRequest } from '../../src/render.ts';
import { startTestBot, type TestBotOptions } from '../fakes/bot.ts';
import { ADA } from '../fakes/platform.ts';
import type { TestRedis } from '../fakes/redis.ts';

export type LimitedBot = Awaited<ReturnType<typeof startTestBot>>;

export const PLACE: Place = { channel: 'c', server: 's', roles: [] };
export const REQUEST: RenderRequest = {
  ...{ image: 'pictures/fake-e1.png', prompt: 'she smiles', negative: '', seed: 1 },
  ...{ resolution: '480p', quality: 'fast', seconds: 5, width: 832, height: 480, frames: 121 },
};

export async function startLimitedBot(server: TestRedis, options: TestBotOptions = {}): Promise<LimitedBot> {
  const bot = await startTestBot(server, options);
  const limits = { of: { kind: 'member' }, changes: { atOnce: 1 }, isReset: false, showsHistory: false } as const;
  await bot.administer({ verb: 'limits', limits });
  return bot;
}

export const limitsOf = ({ redis }: LimitedBot) =>
  createLimits({ redis, rules: createRules(redis), estimates: createEstimates(redis) });

/** How many Ada may still have under way. */
export const left = async (bot: LimitedBot) =>
  (await limitsOf(bot).left({ platform: 'fake', member: ADA, place: PLACE })).atOnce?.left;

export const waiting = async ({ queue }: LimitedBot) =>
  (await queue.counts()).reduce((sum, { waiting }) => sum + waiting, 0);
