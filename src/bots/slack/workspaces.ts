// Each workspace that the bot is in, with the clients that speak for it there: one workspace by its token, or as many as
// have installed the app.
import { type AuthorizeResult, type InstallationStore, webApi } from '@slack/bolt';
import type { Outgoing } from '../../outgoing.ts';
import type { SlackLogger } from './client.ts';
import { REFUSED_TOKENS } from './error-codes.ts';
import { createPace, PacedClient } from './pace.ts';

/** The inbox and the deliveries try again by themselves, so an outage need not be waited out in memory. */
const FEW_RETRIES = { retries: 2, minTimeout: 500, maxTimeout: 3000 };
const REQUEST_WITHIN_MS = 20_000;

export interface Workspace {
  team: string;
  token: string;
  botUser: string;
  /** Waits where Slack would refuse it. */
  client: webApi.WebClient;
  /** Tells of a rate limit at once: what it sends is stale by the time that Slack would take it. */
  impatient: webApi.WebClient;
}

export interface WorkspacesOptions {
  /** Of the one workspace; undefined where workspaces install the app. */
  token: string | undefined;
  installations: InstallationStore | undefined;
  apiUrl: string | undefined;
  logger: SlackLogger;
  /** How Slack is reached. Undefined: straight. */
  fetch?: Outgoing['fetch'] | undefined;
  /** Hears how each request ended. */
  heard?(method: string, error?: unknown): void;
}

export type Workspaces = ReturnType<typeof createWorkspaces>;

export function createWorkspaces({
  token,
  installations,
  apiUrl,
  logger,
  fetch,
  heard = () => undefined,
}: WorkspacesOptions) {
  const known = new Map<string, Workspace>();
  const stopping = new AbortController();
  const options: webApi.WebClientOptions = {
    logger,
    retryConfig: FEW_RETRIES,
    timeout: REQUEST_WITHIN_MS,
    allowAbsoluteUrls: false,
    ...(apiUrl !== undefined && { slackApiUrl: apiUrl }),
    ...(fetch && { fetch: fetch as webApi.FetchFunction }),
  };

  const remember = (team: string, botToken: string, botUser: string): Workspace => {
    const before = known.get(team);
    if (before?.token === botToken) return before;
    const pace = createPace(stopping.signal);
    const workspace: Workspace = {
      team,
      token: botToken,
      botUser,
      client: new PacedClient(botToken, options, { pace, isPatient: true, heard }),
      impatient: new PacedClient(botToken, options, { pace, isPatient: false, heard }),
    };
    known.set(team, workspace);
    return workspace;
  };

  const find = async (team: string): Promise<Workspace> => {
    if (!installations) {
      // Members of other organisations come with a team of their own, and are answered by the one that there is.
      const [only] = known.values();
      if (only) return only;
      throw new Error('Slack has not been asked yet whose token it is');
    }
    // Asked each time: it may have been installed again, with another token, or taken out.
    const { bot } = await installations.fetchInstallation({
      teamId: team,
      isEnterpriseInstall: false,
      enterpriseId: undefined,
    });
    if (!bot) throw new Error(`The installation of ${team} is without a bot`);
    return remember(team, bot.token, bot.userId);
  };

  return {
    options,

    of: find,

    /** Ours, where what came names the workspace of a member from elsewhere, or an organisation. */
    teamOf(claimed: string | null | undefined): string {
      const [only] = installations ? [] : known.keys();
      return only ?? claimed ?? '';
    },

    /** Checks the token of the one workspace with Slack. Undefined where workspaces install the app. */
    async open(): Promise<webApi.AuthTestResponse | undefined> {
      if (token === undefined) return undefined;
      const told = await new webApi.WebClient(token, options).auth.test();
      remember(told.team_id ?? '', token, told.user_id ?? '');
      return told;
    },

    /** As bolt wants it. */
    async authorize({ teamId }: { teamId?: string | undefined }): Promise<AuthorizeResult> {
      // A member from elsewhere comes with a workspace that has not installed it: whoever is told finds the one that has.
      const workspace = await find(teamId ?? '').catch(() => undefined);
      if (!workspace) return { ...(teamId !== undefined && { teamId }) };
      return { botToken: workspace.token, botUserId: workspace.botUser, teamId: workspace.team };
    },

    /** For when Slack says that the app was taken out of a workspace, which it says of an earlier installation, too. */
    async forget(team: string): Promise<void> {
      if (!installations) return;
      // Slack says it twice, and the first time may have been enough.
      const found = await find(team).catch(() => undefined);
      if (!found) return;
      const isThere = await found.client.auth.test().then(
        () => true,
        (error) => !(error instanceof webApi.WebAPIPlatformError && REFUSED_TOKENS.includes(error.data.error)),
      );
      if (isThere) return;
      known.delete(team);
      await installations.deleteInstallation?.({ teamId: team, isEnterpriseInstall: false, enterpriseId: undefined });
    },

    /** Whoever waits for their turn is told that it does not come. */
    stop: () => stopping.abort(),
  };
}
