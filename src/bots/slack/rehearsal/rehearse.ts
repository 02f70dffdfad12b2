// `animate-bot slack setup --try CHANNEL`: the bot's whole story in a channel of the operator's.
import { randomBytes } from 'node:crypto';
import { webApi } from '@slack/bolt';
import { ConfigError, OperationError } from '../../../errors.ts';
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
import { type SetupSettings, SILENT, serviceOf } from '../setup.ts';
import { createWorkspaces, type Workspaces } from '../workspaces.ts';
import { ASSUMPTIONS } from './assumptions.ts';
import { createStage, NotShared, type Stage } from './stage.ts';

export interface SlackRehearsal extends SetupSettings {
  /** The id of the channel that it is played in. */
  channel: string;
  /** The id of whom private answers are for; without, those could not be seen. */
  member: string | undefined;
  signal: AbortSignal;
  tell(tried: Tried): void;
  pause?: Stage['pause'];
  sharedWithinMs?: number;
}

/** Throws OperationError in words where Slack cannot be reached, or refuses the token. */
export async function rehearseOnSlack(rehearsal: SlackRehearsal): Promise<RehearsalResult> {
  const { botToken, apiUrl, outgoing, channel, member, signal, tell, pause = createPause(signal) } = rehearsal;
  if (botToken === undefined) {
    throw new ConfigError(['SLACK_BOT_TOKEN: expected the token of one workspace to rehearse in, got none']);
  }
  const { fetch } = outgoing;
  const workspaces = createWorkspaces({ token: botToken, installations: undefined, apiUrl, logger: SILENT, fetch });
  const workspace = await openWorkspace(workspaces, rehearsal);
  const run = randomBytes(6).toString('hex');
  const { stage, leftovers } = createStage(
    { workspace, channel, member, run, pause, sharedWithinMs: rehearsal.sharedWithinMs },
    fetch,
  );
  const judge = (error: unknown): Outcome => judgeFault(error, rehearsal);
  return rehearse({ assumptions: ASSUMPTIONS, stage, leftovers, judge, signal, tell });
}

async function openWorkspace(workspaces: Workspaces, settings: SetupSettings) {
  try {
    const told = await workspaces.open();
    return await workspaces.of(told?.team_id ?? '');
  } catch (error) {
    if (!(error instanceof webApi.WebAPIPlatformError)) throw toNetworkFault(error, serviceOf(settings)) ?? error;
    throw new OperationError(
      'setup_missing',
      `SLACK_BOT_TOKEN: Slack answers ${error.data.error}. Take it from OAuth & Permissions, Bot User OAuth Token.`,
      { cause: error },
    );
  }
}

function judgeFault(error: unknown, settings: SetupSettings): Outcome {
  if (error instanceof webApi.WebAPIPlatformError) {
    const { error: code, needed } = error.data as { error: string; needed?: string };
    return fails(`Slack refused it: ${code}${needed === undefined ? '' : `, which needs ${needed}`}`);
  }
  if (error instanceof NotShared) return fails(error.message);
  if (error instanceof webApi.WebAPIRateLimitedError) return fails(`Slack made the bot wait ${error.retryAfter} s`);
  return unseen(toNetworkFault(error, serviceOf(settings))?.message ?? (error as Error).message);
}
