// What the rehearsal has at hand on Discord: the bot's own requests, and what it has made so far.
import type { APIMessage, REST } from 'discord.js';
import { RESTEvents, Routes } from 'discord.js';
import { createLeftovers, createProps } from '../../rehearsal.ts';
import { createMessages, isGone, type Messages } from '../messages.ts';

interface Props {
  message: APIMessage;
  thread: string;
  status: APIMessage;
}

export interface Stage {
  rest: REST;
  messages: Messages;
  channel: string;
  /** Tells this rehearsal's messages from those of another. */
  run: string;
  props: ReturnType<typeof createProps<Props>>;
  /** Removes a message in the end. */
  leaves(what: string, channel: string, message: string): void;
  leavesThread(thread: string): void;
  pause(milliseconds: number): Promise<void>;
  /** How often Discord, or what knows its limits, made the bot wait so far. */
  waits(): number;
}

export function createStage(given: Pick<Stage, 'rest' | 'channel' | 'run' | 'pause'>) {
  const { rest } = given;
  const messages = createMessages(rest);
  const leftovers = createLeftovers();
  let waits = 0;
  rest.on(RESTEvents.RateLimited, () => {
    waits += 1;
  });
  const stage: Stage = {
    ...given,
    messages,
    props: createProps<Props>(),
    leaves: (what, channel, message) => leftovers.add(what, () => unlessGone(messages.remove({ channel }, message))),
    leavesThread: (thread) =>
      leftovers.add('the thread (archived; whoever manages threads can delete it)', async () => {
        // Only with a permission that the bot does not ask for; without, the thread is put away at least.
        await unlessGone(rest.delete(Routes.channel(thread))).catch(async (error) => {
          await rest.patch(Routes.channel(thread), { body: { archived: true } });
          throw error;
        });
      }),
    waits: () => waits,
  };
  return { stage, leftovers };
}

async function unlessGone(removing: Promise<unknown>): Promise<void> {
  await removing.catch((error) => {
    if (!isGone(error)) throw error;
  });
}
