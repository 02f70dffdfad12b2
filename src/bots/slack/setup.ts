// `animate-bot slack setup`: is the app ready for Slack? Checks its tokens, its scopes, its socket and a channel.
import { webApi } from '@slack/bolt';
import { askService, type Service, toNetworkFault } from '../../network-fault.ts';
import type { Outgoing } from '../../outgoing.ts';
import { BOT_SCOPES, type BotScope } from './manifest.ts';

export interface SetupSettings {
  botToken: string | undefined;
  appToken: string | undefined;
  signingSecret: string | undefined;
  apiUrl: string | undefined;
  outgoing: Outgoing;
}

export interface SetupLine {
  verdict: 'ok' | 'warn' | 'fail';
  text: string;
}

const API_URL = 'https://slack.com/api/';
const ANSWER_WITHIN_MS = 20_000;

/** `channel` is the id of one to be looked at. Throws OperationError `service_unreachable`, in words. */
export async function examineSlack(settings: SetupSettings, channel: string | undefined): Promise<SetupLine[]> {
  const service = serviceOf(settings);
  // Without a token Slack refuses, which is an answer.
  await askService(service, '/auth.test', { method: 'POST' });
  try {
    return [describeReach(settings), ...(await examineTokens(settings, channel))];
  } catch (error) {
    throw toNetworkFault(error, service) ?? error;
  }
}

export function describeReach(settings: Pick<SetupSettings, 'apiUrl' | 'outgoing'>): SetupLine {
  const { address, outgoing } = serviceOf(settings);
  return { verdict: 'ok', text: `Slack is reached ${outgoing.describe(address)}.` };
}

export function serviceOf({ apiUrl, outgoing }: Pick<SetupSettings, 'apiUrl' | 'outgoing'>): Service {
  return { name: 'Slack', address: apiUrl ?? API_URL, setting: 'SLACK_API_URL', outgoing };
}

async function examineTokens(settings: SetupSettings, channel: string | undefined): Promise<SetupLine[]> {
  const { botToken, appToken, signingSecret, apiUrl, outgoing } = settings;
  const clientOf = (token: string) =>
    new webApi.WebClient(token, {
      ...{ timeout: ANSWER_WITHIN_MS, retryConfig: { retries: 1 }, logger: SILENT },
      ...(apiUrl !== undefined && { slackApiUrl: apiUrl }),
      fetch: outgoing.fetch as webApi.FetchFunction,
    });
  const lines: SetupLine[] = [];
  if (botToken === undefined) {
    lines.push({ verdict: 'ok', text: 'Workspaces install the app themselves: their tokens come with that.' });
  } else {
    const bot = clientOf(botToken);
    const told = await bot.auth.test().catch(toFault);
    if ('fault' in told) {
      lines.push({
        verdict: 'fail',
        text: `SLACK_BOT_TOKEN: ${told.fault}. Take it from OAuth & Permissions, Bot User OAuth Token.`,
      });
    } else {
      lines.push({ verdict: 'ok', text: `The bot token is that of ${told.user} in ${told.team}.` });
      lines.push(describeScopes(told.response_metadata?.scopes ?? []));
      if (channel !== undefined) lines.push(await describeChannel(bot, channel, told.user ?? 'animate-bot'));
    }
  }
  if (appToken !== undefined) {
    const socket = await clientOf(appToken).apps.connections.open().catch(toFault);
    lines.push(
      'fault' in socket
        ? {
            verdict: 'fail',
            text: `SLACK_APP_TOKEN: ${socket.fault}. Make one under Basic Information, App-Level Tokens, with connections:write, and turn Socket Mode on.`,
          }
        : {
            verdict: 'ok',
            text: 'Socket Mode works: events come over a socket, and the bot needs no address of its own.',
          },
    );
  } else if (signingSecret !== undefined) {
    lines.push({
      verdict: 'ok',
      text: 'Events come by HTTPS, signed: Slack checks the address when you save it in the app.',
    });
  }
  return lines;
}

function describeScopes(has: string[]): SetupLine {
  const lacking = (Object.keys(BOT_SCOPES) as BotScope[]).filter((scope) => !has.includes(scope));
  if (lacking.length === 0) return { verdict: 'ok', text: 'It has every scope that it uses.' };
  const names = lacking.map((scope) => `${scope} (${BOT_SCOPES[scope]})`).join(', ');
  return {
    verdict: 'fail',
    text: `It lacks ${names}. Paste the manifest of \`animate-bot slack manifest\` into the app, and install it again.`,
  };
}

async function describeChannel(bot: webApi.WebClient, channel: string, name: string): Promise<SetupLine> {
  const told = await bot.conversations.info({ channel }).catch(toFault);
  if ('fault' in told) return { verdict: 'warn', text: `${channel}: ${told.fault}. Type /invite @${name} there.` };
  if (told.channel?.is_member) return { verdict: 'ok', text: `#${told.channel.name}: the bot is in it.` };
  return { verdict: 'warn', text: `#${told.channel?.name}: the bot is not in it. Type /invite @${name} there.` };
}

/** What Slack says to a question; an outage in between ends the examination, in words. */
function toFault(error: unknown): { fault: string } {
  if (error instanceof webApi.WebAPIPlatformError) return { fault: `Slack answers ${error.data.error}` };
  throw error;
}

/** The SDK has its own words for what is told here. */
export const SILENT = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  setLevel: () => undefined,
  getLevel: () => 'error' as never,
  setName: () => undefined,
};
