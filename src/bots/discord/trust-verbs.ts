// The verbs of /animate-admin that are about people and words, as Discord's command form.
import type { SlashCommandSubcommandBuilder, SlashCommandSubcommandsOnlyBuilder } from 'discord.js';
import { LONGEST_ENTRY } from '../../moderation/filter.ts';

const A_YEAR_IN_HOURS = 8760;

const withWho = (verb: SlashCommandSubcommandBuilder): SlashCommandSubcommandBuilder =>
  verb
    .addUserOption((member) => member.setName('member').setDescription('Who'))
    .addStringOption((server) => server.setName('server').setDescription('Or a whole server, by its id'));

export function addTrustVerbs(command: SlashCommandSubcommandsOnlyBuilder): SlashCommandSubcommandsOnlyBuilder {
  return command
    .addSubcommand((verb) =>
      withWho(
        verb.setName('block').setDescription('Take no more commands from somebody, or show who is blocked'),
      ).addIntegerOption((hours) =>
        hours
          .setName('hours')
          .setDescription('For so long; without, until you unblock them')
          .setMinValue(1)
          .setMaxValue(A_YEAR_IN_HOURS),
      ),
    )
    .addSubcommand((verb) => withWho(verb.setName('unblock').setDescription('Take commands from somebody again')))
    .addSubcommand((verb) =>
      verb
        .setName('strikes')
        .setDescription('How often a member was refused lately')
        .addUserOption((member) => member.setName('member').setDescription('Who').setRequired(true))
        .addBooleanOption((clear) => clear.setName('clear').setDescription('Forget them, and the block they led to')),
    )
    .addSubcommand((verb) =>
      verb
        .setName('words')
        .setDescription('The private list of what is refused; shows it, or changes it')
        .addStringOption((entry) =>
          entry.setName('add').setDescription('A word, several, or a /pattern/').setMaxLength(LONGEST_ENTRY),
        )
        .addStringOption((entry) =>
          entry.setName('remove').setDescription('An entry, as it is listed').setMaxLength(LONGEST_ENTRY),
        ),
    )
    .addSubcommand((verb) => verb.setName('audit').setDescription('What admins did lately'));
}
