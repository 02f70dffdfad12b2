// `animate-bot discord setup`: is the bot ready for Discord, and how is it invited? `register`: tells Discord the commands.
import {
  OAuth2Scopes,
  PermissionFlagsBits,
  PermissionsBitField,
  type REST,
  type RESTGetAPICurrentUserGuildsResult,
  Routes,
} from 'discord.js';
import { createDiscordRest } from './client.ts';
import { registerCommands } from './commands.ts';
import { isTokenRefused, toTokenRefused } from './connection.ts';
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
  const rest = createDiscordRest(settings);
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
  const rest = createDiscordRest(settings);
  const { id } = await readApplication(rest);
  return registerCommands(rest, id, settings.guild);
}

async function readApplication(rest: REST): Promise<{ id: string; name: string }> {
  try {
    return (await rest.get(Routes.currentApplication())) as { id: string; name: string };
  } catch (error) {
    throw isTokenRefused(error) ? toTokenRefused(error) : error;
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
