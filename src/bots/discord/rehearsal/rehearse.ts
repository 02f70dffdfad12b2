// `animate-bot discord setup --try CHANNEL`: the bot's whole story in a channel of the operator's.
import { randomBytes } from 'node:crypto';
import { DiscordAPIError, HTTPError, RateLimitError } from 'discord.js';
import { toNetworkFault } from '../../../network-fault.ts';
import {
  createPause,
  fails,
  type Outcome,
  type RehearsalResult,
  rehearse,
  type Tried,
  unseen,
} from '../../rehearsal.ts';
import { ForeignAnswer, TokenRefused } from '../answers.ts';
import { createDiscordRest } from '../client.ts';
import { reasonOf } from '../messages.ts';
import { askApplication, type SetupSettings, serviceOf } from '../setup.ts';
import { ASSUMPTIONS } from './assumptions.ts';
import { createStage, type Stage } from './stage.ts';

export interface DiscordRehearsal extends SetupSettings {
  /** The id of the channel that it is played in. */
  channel: string;
  signal: AbortSignal;
  tell(tried: Tried): void;
  pause?: Stage['pause'];
}

/** Throws OperationError in words where Discord cannot be reached, or refuses the token. */
export async function rehearseOnDiscord(rehearsal: DiscordRehearsal): Promise<RehearsalResult> {
  const { channel, signal, tell, pause = createPause(signal) } = rehearsal;
  await askApplication(rehearsal);
  const rest = createDiscordRest(rehearsal);
  const { stage, leftovers } = createStage({ rest, channel, run: randomBytes(6).toString('hex'), pause });
  const judge = (error: unknown): Outcome => judgeFault(error, rehearsal);
  return rehearse({ assumptions: ASSUMPTIONS, stage, leftovers, judge, signal, tell });
}

function judgeFault(error: unknown, settings: SetupSettings): Outcome {
  if (error instanceof DiscordAPIError) return fails(`Discord refused it: ${reasonOf(error)} (${error.code})`);
  if (error instanceof TokenRefused) return fails(`Discord refused the token: ${error.message}`);
  if (error instanceof RateLimitError) return fails('Discord made the bot wait longer than it does');
  if (error instanceof ForeignAnswer) return unseen(error.message);
  if (error instanceof HTTPError) return unseen(`Discord answered ${error.status}`);
  return unseen(toNetworkFault(error, serviceOf(settings))?.message ?? String(error));
}
