// `animate-bot discord setup`: is the bot ready for Discord, and how is it invited? `register`: tells Discord the commands.
import {
  DiscordAPIError,
  OAuth2Scopes,
  PermissionFlagsBits,
  PermissionsBitField,
  REST,
  type RESTGetAPICurrentUserGuildsResult,
  Routes,
} from 'discord.js';
import { OperationError } from '../../errors.ts';
import { makeRequest } from './client.ts';
import { registerCommands } from './commands.ts';
import { PERMISSIONS } from './origin.ts';

export interface SetupSettings {
  token: string;
  guild: string | undefined;
  apiUrl: string | undefined;
}

export interface SetupLine {
  verdict: 'ok' | 'warn';
  text: string;
}

type Flag = keyof typeof PERMISSIONS;

function createRest({ token, apiUrl }: SetupSettings): REST {
  return new REST({ makeRequest, ...(apiUrl !== undefined && { api: apiUrl }) }).setToken(token);
}

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
  const rest = createRest(settings);
  const application = await readApplication(rest);
  const guilds = (await rest.get(Routes.userGuilds())) as RESTGetAPICurrentUserGuildsResult;
  const lines: SetupLine[] = [
    { verdict: 'ok', text: `The token is that of ${application.name} (${application.id}).` },
    { verdict: 'ok', text: 'No privileged intent is needed: leave all three off in the Developer Portal.' },
    ...guilds.map(({ name, permissions }) => describeGuild(name, permissions)),
  ];
  if (guilds.length === 0)
    lines.push({ verdict: 'warn', text: 'It is in no server yet. Open the link below to invite it.' });
  return { lines, invite: inviteLink(application.id) };
}

/** Resolves to whether Discord knew others before. */
export async function registerWithDiscord(settings: SetupSettings): Promise<boolean> {
  const rest = createRest(settings);
  const { id } = await readApplication(rest);
  return registerCommands(rest, id, settings.guild);
}

async function readApplication(rest: REST): Promise<{ id: string; name: string }> {
  try {
    return (await rest.get(Routes.currentApplication())) as { id: string; name: string };
  } catch (cause) {
    if (!(cause instanceof DiscordAPIError) || cause.status !== 401) throw cause;
    throw new OperationError(
      'setup_missing',
      'DISCORD_TOKEN: expected the token of a bot, got one that Discord refuses. Take it from the Developer Portal, Bot, Reset Token.',
      { cause },
    );
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
