// The commands as Discord is told them, in every language that there is, and registering them when they differ.
import { isDeepStrictEqual } from 'node:util';
import {
  ApplicationCommandType,
  ApplicationIntegrationType,
  ContextMenuCommandBuilder,
  InteractionContextType,
  PermissionFlagsBits,
  type REST,
  type RESTPostAPIApplicationCommandsJSONBody,
  Routes,
  SlashCommandBuilder,
} from 'discord.js';
import { LARGEST_SEED, LONGEST_PROMPT, LONGEST_SECONDS, SHORTEST_SECONDS } from '../../limits.ts';
import { en } from '../languages/en.ts';
import { TRANSLATIONS } from '../languages/languages.ts';
import type { OptionWords, Words } from '../languages/words.ts';
import { describeLimits } from './limits-options.ts';
import { isRefusedForGood } from './messages.ts';
import { addTrustVerbs } from './trust-verbs.ts';

export const ANIMATE = 'animate';
export const HELP = en.commands.help.name;
export const MENU = en.commands.menu;
export const AVATAR_MENU = en.discord.avatarMenu;

type Named =
  | 'picture'
  | 'prompt'
  | 'resolution'
  | 'seconds'
  | 'seed'
  | 'negative'
  | 'quality'
  | 'fit'
  | 'frame'
  | 'private';

const MAX_CLEARED_SERVERS = 20;
const EVERYWHERE = [InteractionContextType.Guild, InteractionContextType.BotDM, InteractionContextType.PrivateChannel];
const EVERY_INSTALL = [ApplicationIntegrationType.GuildInstall, ApplicationIntegrationType.UserInstall];

function inEveryLanguage<Value>(read: (commands: Words['commands'], words: Words) => Value): Record<string, Value> {
  return Object.fromEntries(TRANSLATIONS.map(({ locale, words }) => [locale, read(words.commands, words)]));
}

interface Describable {
  setName(name: string): this;
  setDescription(description: string): this;
  setNameLocalizations(names: Record<string, string>): this;
  setDescriptionLocalizations(descriptions: Record<string, string>): this;
}

function describe<Builder extends Describable>(
  builder: Builder,
  read: (commands: Words['commands']) => OptionWords,
): Builder {
  const { name, description } = read(en.commands);
  return builder
    .setName(name)
    .setDescription(description)
    .setNameLocalizations(inEveryLanguage((commands) => read(commands).name))
    .setDescriptionLocalizations(inEveryLanguage((commands) => read(commands).description));
}

const option = <Builder extends Describable>(builder: Builder, name: Named): Builder =>
  describe(builder, (commands) => commands[name]);

export function describeCommands(): RESTPostAPIApplicationCommandsJSONBody[] {
  const animate = describe(new SlashCommandBuilder(), ({ animate: words }) => words)
    .setIntegrationTypes(EVERY_INSTALL)
    .setContexts(EVERYWHERE)
    .addAttachmentOption((picture) => option(picture, 'picture').setRequired(true).addFileTypes('image'))
    .addStringOption((prompt) => option(prompt, 'prompt').setRequired(true).setMaxLength(LONGEST_PROMPT))
    .addStringOption((resolution) =>
      option(resolution, 'resolution').addChoices(
        {
          name: en.commands.quick,
          value: '480p',
          name_localizations: inEveryLanguage(({ quick }) => quick),
        },
        {
          name: en.commands.sharp,
          value: '720p',
          name_localizations: inEveryLanguage(({ sharp }) => sharp),
        },
      ),
    )
    .addNumberOption((seconds) => option(seconds, 'seconds').setMinValue(SHORTEST_SECONDS).setMaxValue(LONGEST_SECONDS))
    .addIntegerOption((seed) => option(seed, 'seed').setMinValue(0).setMaxValue(LARGEST_SEED))
    .addStringOption((negative) => option(negative, 'negative').setMaxLength(LONGEST_PROMPT))
    .addStringOption((quality) =>
      option(quality, 'quality').addChoices(
        { name: en.commands.fast, value: 'fast', name_localizations: inEveryLanguage(({ fast }) => fast) },
        { name: en.commands.best, value: 'best', name_localizations: inEveryLanguage(({ best }) => best) },
      ),
    )
    .addStringOption((fit) =>
      option(fit, 'fit').addChoices(
        { name: en.commands.crop, value: 'crop', name_localizations: inEveryLanguage(({ crop }) => crop) },
        { name: en.commands.pad, value: 'pad', name_localizations: inEveryLanguage(({ pad }) => pad) },
      ),
    )
    .addStringOption((frame) =>
      option(frame, 'frame').addChoices({
        name: en.commands.firstFrame,
        value: 'first',
        name_localizations: inEveryLanguage(({ firstFrame }) => firstFrame),
      }),
    )
    .addBooleanOption((isPrivate) => option(isPrivate, 'private'));
  const help = describe(new SlashCommandBuilder(), ({ help: words }) => words)
    .setIntegrationTypes(EVERY_INSTALL)
    .setContexts(EVERYWHERE)
    .addBooleanOption((forget) => describe(forget, ({ forget: words }) => words))
    .addBooleanOption((own) => describe(own, ({ export: words }) => words));
  const menu = new ContextMenuCommandBuilder()
    .setType(ApplicationCommandType.Message)
    .setName(MENU)
    .setNameLocalizations(inEveryLanguage(({ menu: name }) => name))
    .setIntegrationTypes(EVERY_INSTALL)
    .setContexts(EVERYWHERE);
  const avatarMenu = new ContextMenuCommandBuilder()
    .setType(ApplicationCommandType.User)
    .setName(AVATAR_MENU)
    .setNameLocalizations(inEveryLanguage((_, { discord }) => discord.avatarMenu))
    .setIntegrationTypes(EVERY_INSTALL)
    .setContexts(EVERYWHERE);
  return [animate.toJSON(), help.toJSON(), menu.toJSON(), avatarMenu.toJSON(), describeAdminCommand()];
}

export const ADMIN = 'animate-admin';

/** In English alone: admins and their logs speak of the same things. Hidden from members by default. */
function describeAdminCommand(): RESTPostAPIApplicationCommandsJSONBody {
  const command = new SlashCommandBuilder()
    .setName(ADMIN)
    .setDescription('Manage animate-bot: its health, its queue and its workers')
    .setDefaultMemberPermissions(PermissionFlagsBits.ManageGuild)
    .setIntegrationTypes(ApplicationIntegrationType.GuildInstall)
    .setContexts(InteractionContextType.Guild, InteractionContextType.BotDM)
    .addSubcommand((verb) => verb.setName('health').setDescription('Is everything well?'))
    .addSubcommand((verb) => verb.setName('queue').setDescription('Who waits, and for how long'))
    .addSubcommand((verb) => verb.setName('workers').setDescription('The workers and their engines'))
    .addSubcommand((verb) =>
      verb
        .setName('job')
        .setDescription('Everything about one clip')
        .addStringOption((id) => id.setName('id').setDescription('Its ID').setRequired(true)),
    )
    .addSubcommand((verb) => verb.setName('pause').setDescription('Start no more clips'))
    .addSubcommand((verb) => verb.setName('resume').setDescription('Start clips again'))
    .addSubcommand((verb) =>
      verb
        .setName('drain')
        .setDescription('Let a worker finish what it has and take no more, or undo that')
        .addStringOption((name) => name.setName('worker').setDescription('Its name').setRequired(true))
        .addBooleanOption((undo) => undo.setName('undo').setDescription('Let it take clips again')),
    )
    .addSubcommand((verb) =>
      verb
        .setName('cancel')
        .setDescription('Cancel anybody’s clip')
        .addStringOption((id) => id.setName('id').setDescription('Its ID').setRequired(true)),
    )
    .addSubcommand((verb) =>
      verb
        .setName('retry')
        .setDescription('Retry a clip that failed')
        .addStringOption((id) => id.setName('id').setDescription('Its ID').setRequired(true)),
    )
    .addSubcommand((verb) =>
      verb
        .setName('unload')
        .setDescription('Free a GPU until the next clip')
        .addStringOption((engine) =>
          engine
            .setName('engine')
            .setDescription('As `workers` names it, such as attic/0; or a worker, for all of its')
            .setRequired(true),
        ),
    )
    .addSubcommand((verb) => verb.setName('quarantine').setDescription('Clips that broke every engine that tried them'))
    .addSubcommand(describeLimits);
  return addTrustVerbs(command).toJSON();
}

/**
 * Resolves to whether they had to be changed. In one server they are there at once, for development; what was registered the other
 * way before is taken back, or members would see each command twice.
 */
export async function registerCommands(rest: REST, application: string, guild: string | undefined): Promise<boolean> {
  const everywhere = Routes.applicationCommands(application);
  if (guild === undefined) {
    const isChanged = await putCommands(rest, everywhere, describeCommands());
    await clearServers(rest, application);
    return isChanged;
  }
  const isChanged = await putCommands(rest, Routes.applicationGuildCommands(application, guild), describeCommands());
  await putCommands(rest, everywhere, []);
  return isChanged;
}

/** Commands of single servers are for development, on a bot of few servers. */
async function clearServers(rest: REST, application: string): Promise<void> {
  const query = new URLSearchParams({ limit: String(MAX_CLEARED_SERVERS) });
  const servers = (await rest.get(Routes.userGuilds(), { query })) as { id: string }[];
  for (const { id } of servers) {
    await putCommands(rest, Routes.applicationGuildCommands(application, id), []).catch((error) => {
      // A server that has the bot without its commands has nothing to be taken back.
      if (!isRefusedForGood(error)) throw error;
    });
  }
}

type Route = `/${string}`;

async function putCommands(
  rest: REST,
  route: Route,
  wanted: RESTPostAPIApplicationCommandsJSONBody[],
): Promise<boolean> {
  const query = new URLSearchParams({ with_localizations: 'true' });
  const registered = (await rest.get(route, { query })) as unknown[];
  if (sameCommands(registered, wanted)) return false;
  await rest.put(route, { body: wanted });
  return true;
}

/** Discord adds ids and defaults to what it was told, so only what we tell is compared. */
function sameCommands(registered: unknown[], wanted: unknown[]): boolean {
  if (registered.length !== wanted.length) return false;
  const byName = (commands: unknown[]) =>
    [...commands].sort((one, other) => nameOf(one).localeCompare(nameOf(other), 'en'));
  return isDeepStrictEqual(restrict(byName(registered), byName(wanted)), strip(byName(wanted)));
}

const nameOf = (command: unknown): string => String((command as { name: string }).name);

/** Without what is undefined, null, false or empty: Discord leaves those out, or puts them in. */
function strip(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strip);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, strip(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => !isDefault(inner)));
}

/** The parts of `value` that `like` has. */
function restrict(value: unknown, like: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(like)) {
    return value.length === like.length ? value.map((inner, index) => restrict(inner, like[index])) : strip(value);
  }
  if (typeof value !== 'object' || value === null || typeof like !== 'object' || like === null) return value;
  const known = value as Record<string, unknown>;
  const wanted = like as Record<string, unknown>;
  return strip(Object.fromEntries(Object.keys(wanted).map((key) => [key, restrict(known[key], wanted[key])])));
}

function isDefault(value: unknown): boolean {
  if (value === undefined || value === null || value === false) return true;
  return Array.isArray(value) && value.length === 0;
}
