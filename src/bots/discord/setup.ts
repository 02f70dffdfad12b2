// `animate-bot discord setup`: is the bot ready for Discord, and how is it invited? `register`: tells Discord the commands.
import {
  DefaultRestOptions,
  OAuth2Scopes,
  PermissionFlagsBits,
  PermissionsBitField,
  type REST,
  type RESTGetAPICurrentUserGuildsResult,
  Routes,
} from 'discord.js';
import { OperationError } from '../../errors.ts';
import { askService, type Service, toNetworkFault } from '../../network-fault.ts';
import type { Outgoing } from '../../outgoing.ts';
import { createDiscordRest } from './client.ts';
import { registerCommands } from './commands.ts';
import { toTokenRefused } from './connection.ts';
import { PERMISSIONS } from './origin.ts';

const UNAUTHORIZED = 401;

export interface SetupSettings {
  token: string;
  guild: string | undefined;
  apiUrl: string | undefined;
  outgoing: Outgoing;
}

export interface SetupLine {
  verdict: 'ok' | 'warn';
  text: string;
}

type Flag = keyof typeof PERMISSIONS;

/** Exactly the permissions that are used, and no others. */
export function inviteLink(application: string): string {
  const flags = Object.keys(PERMISSIONS) as Flag[];
  const permissions = flags.reduce((sum, flag) => sum | PermissionFlagsBits[flag], 0n);
  const query = new URLSearchParams({
    client_id: application,
    scope: `${OAuth2Scopes.Bot} ${OAuth2Scopes.ApplicationsCommands}`,
    permissions: String(permissions),
  });
  return `https://discord.com/oauth2/authorize?${query}`;
}

/** Throws OperationError `setup_missing` for a token that Discord refuses. */
export async function examineDiscord(settings: SetupSettings): Promise<{ lines: SetupLine[]; invite: string }> {
  const application = await askApplication(settings);
  const guilds = await inWords(settings, (rest) => rest.get(Routes.userGuilds()));
  const lines: SetupLine[] = [
    describeReach(settings),
    { verdict: 'ok', text: `The token is that of ${application.name} (${application.id}).` },
    { verdict: 'ok', text: 'No privileged intent is needed: leave all three off in the Developer Portal.' },
    ...(guilds as RESTGetAPICurrentUserGuildsResult).map(({ name, permissions }) => describeGuild(name, permissions)),
  ];
  if ((guilds as RESTGetAPICurrentUserGuildsResult).length === 0)
    lines.push({ verdict: 'warn', text: 'It is in no server yet. Open the link below to invite it.' });
  return { lines, invite: inviteLink(application.id) };
}

/** Resolves to whether Discord knew others before. */
export async function registerWithDiscord(settings: SetupSettings): Promise<boolean> {
  const { id } = await askApplication(settings);
  return inWords(settings, (rest) => registerCommands(rest, id, settings.guild));
}

/** How Discord is reached, and whether it takes the token. Throws OperationError in words for an operator. */
export async function askApplication(
  settings: Pick<SetupSettings, 'token' | 'apiUrl' | 'outgoing'>,
): Promise<{ id: string; name: string }> {
  const headers = { authorization: `Bot ${settings.token}` };
  const { status, body } = await askService(serviceOf(settings), `/v10${Routes.currentApplication()}`, { headers });
  if (status === UNAUTHORIZED) throw toTokenRefused(undefined);
  const { id, name } = body;
  if (typeof id === 'string' && typeof name === 'string') return { id, name };
  throw new OperationError(
    'service_unreachable',
    `Discord answered ${status} to the question whose token it is. Check DISCORD_API_URL.`,
  );
}

export function describeReach(settings: Pick<SetupSettings, 'apiUrl' | 'outgoing'>): SetupLine {
  const { address, outgoing } = serviceOf(settings);
  return { verdict: 'ok', text: `Discord is reached ${outgoing.describe(address)}.` };
}

export function serviceOf({ apiUrl, outgoing }: Pick<SetupSettings, 'apiUrl' | 'outgoing'>): Service {
  return { name: 'Discord', address: apiUrl ?? DefaultRestOptions.api, setting: 'DISCORD_API_URL', outgoing };
}

async function inWords<Value>(settings: SetupSettings, act: (rest: REST) => Promise<Value>): Promise<Value> {
  try {
    return await act(createDiscordRest(settings));
  } catch (error) {
    throw toNetworkFault(error, serviceOf(settings)) ?? error;
  }
}

function describeGuild(name: string, permissions: string | undefined): SetupLine {
  if (permissions === undefined) return { verdict: 'warn', text: `${name}: its permissions are not told.` };
  const has = new PermissionsBitField(BigInt(permissions));
  const lacking = (Object.keys(PERMISSIONS) as Flag[]).filter((flag) => !has.has(PermissionFlagsBits[flag]));
  if (lacking.length === 0) return { verdict: 'ok', text: `${name}: it has every permission that it uses.` };
  const names = lacking.map((flag) => PERMISSIONS[flag]).join(', ');
  return {
    verdict: 'warn',
    text: `${name}: it lacks ${names}. Give its role these, or invite it again with the link below. A channel can still take them away.`,
  };
}
