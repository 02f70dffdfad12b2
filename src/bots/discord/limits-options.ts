// The options of `/animate-admin limits`: described for Discord, and read from what an admin gave.
import type { ChatInputCommandInteraction, SlashCommandSubcommandBuilder } from 'discord.js';
import { LONGEST_SECONDS, RESOLUTIONS } from '../../limits.ts';
import type { Scope } from '../../queue/rules.ts';
import type { LimitsRequest } from '../platform.ts';

const NO_LIMIT = '0 is no limit';

const GROUPS: { value: string; name: string; scope(server: string | undefined): Scope }[] = [
  { value: 'members', name: 'each member', scope: () => ({ kind: 'member' }) },
  { value: 'channels', name: 'each channel', scope: () => ({ kind: 'channel' }) },
  { value: 'servers', name: 'each server', scope: () => ({ kind: 'server' }) },
  { value: 'this_server', name: 'this server', scope: (server) => ({ kind: 'server', id: server }) },
  { value: 'everyone', name: 'all members together', scope: () => ({ kind: 'everyone' }) },
];

export function describeLimits(verb: SlashCommandSubcommandBuilder): SlashCommandSubcommandBuilder {
  const amount = (name: string, description: string, most: number) =>
    verb.addIntegerOption((option) =>
      option.setName(name).setDescription(`${description}; ${NO_LIMIT}`).setMinValue(0).setMaxValue(most),
    );
  verb
    .setName('limits')
    .setDescription('What members may have; shows it, or changes what you give')
    .addStringOption((option) =>
      option
        .setName('for')
        .setDescription('Whom this is about: each member, unless you say otherwise')
        .addChoices(GROUPS.map(({ name, value }) => ({ name, value }))),
    )
    .addRoleOption((option) => option.setName('role').setDescription('The members with this role, instead'))
    .addUserOption((option) => option.setName('member').setDescription('This member, instead'))
    .addChannelOption((option) => option.setName('channel').setDescription('All in this channel, instead'));
  amount('at_once', 'Renders under way', 100_000);
  amount('per_day', 'Clips within a day', 1_000_000);
  amount('gpu_seconds', 'Seconds of GPU time within a day', 10_000_000);
  amount('cooldown', 'Seconds between two', 86_400);
  return verb
    .addNumberOption((option) =>
      option
        .setName('seconds')
        .setDescription(`The longest clip; ${NO_LIMIT}`)
        .setMinValue(0)
        .setMaxValue(LONGEST_SECONDS),
    )
    .addStringOption((option) =>
      option
        .setName('resolution')
        .setDescription('The largest resolution')
        .addChoices(RESOLUTIONS.map((value) => ({ name: value, value }))),
    )
    .addNumberOption((option) =>
      option
        .setName('weight')
        .setDescription('For a role or a member: 2 is twice the share while people wait')
        .setMinValue(0.1)
        .setMaxValue(100),
    )
    .addBooleanOption((option) => option.setName('reset').setDescription('Take away what was set for them'))
    .addBooleanOption((option) => option.setName('history').setDescription('Who changed what'));
}

export function readLimits(given: ChatInputCommandInteraction['options'], server: string | undefined): LimitsRequest {
  const resolution = given.getString('resolution');
  return {
    of: readScope(given, server),
    changes: {
      atOnce: given.getInteger('at_once') ?? undefined,
      perDay: given.getInteger('per_day') ?? undefined,
      gpuSecondsPerDay: given.getInteger('gpu_seconds') ?? undefined,
      cooldownSeconds: given.getInteger('cooldown') ?? undefined,
      seconds: given.getNumber('seconds') ?? undefined,
      resolution: RESOLUTIONS.find((known) => known === resolution),
      weight: given.getNumber('weight') ?? undefined,
    },
    isReset: given.getBoolean('reset') ?? false,
    showsHistory: given.getBoolean('history') ?? false,
  };
}

function readScope(given: ChatInputCommandInteraction['options'], server: string | undefined): Scope {
  const role = given.getRole('role');
  if (role) return { kind: 'role', id: role.id };
  const member = given.getUser('member');
  if (member) return { kind: 'member', id: member.id };
  const channel = given.getChannel('channel');
  if (channel) return { kind: 'channel', id: channel.id };
  const group = GROUPS.find(({ value }) => value === given.getString('for'));
  return group?.scope(server) ?? { kind: 'member' };
}
