// The slash commands: a form, help, what concerns the member alone, and what admins do.
import type { App } from '@slack/bolt';
import { UserError } from '../../../errors.ts';
import { parseCommand } from '../../command.ts';
import { Refusal } from '../../faults.ts';
import type { Words } from '../../languages/words.ts';
import { soon } from '../../soon.ts';
import { ADMIN_USAGE, parseAdminCommand } from '../admin-command.ts';
import { toMrkdwn } from '../drawing.ts';
import type { FormContents } from '../forms.ts';
import { ADMIN, ANIMATE } from '../manifest.ts';
import { type Entrance, tellBy, type Who } from './entrance.ts';

export function listenForCommands(app: App, entrance: Entrance): void {
  const { handlers, people, notes, workspaces, accept, goOn, guard, helpFor, openForm, personOf, sendOwnData } =
    entrance;

  /** With what the member has left there. Without Redis there is help all the same. */
  const helpHere = async (asking: Who & { channel: string }, words: Words): Promise<string> => {
    const describe = async (): Promise<string> => {
      const { member, language, roles } = await people.find(asking);
      return handlers.left({ member, language, place: { channel: asking.channel, server: asking.team, roles } });
    };
    const left = await soon(notes, describe).inTime.catch(() => '');
    return [await helpFor(asking.team, words), toMrkdwn(left)].filter((part) => part !== '').join('\n\n');
  };

  const onForget = async (who: Who): Promise<string> => handlers.forget(await people.find(who));

  const onAdmin = async (who: Who, text: string, words: Words): Promise<string> => {
    const { member, isAdmin } = await personOf(who);
    if (!isAdmin) throw new Refusal(words.chat.notForYou);
    if (/^(help)?$/.test(text.trim())) return ADMIN_USAGE;
    return toMrkdwn(await handlers.administer({ ...parseAdminCommand(text, who.team), by: member }));
  };

  app.command(ANIMATE, async ({ command, ack, respond }) => {
    const { user_id: user, channel_id: channel, text, trigger_id: trigger } = command;
    const team = workspaces.teamOf(command.team_id);
    await ack();
    const tell = tellBy(respond, undefined);
    goOn(ANIMATE, () =>
      guard({ team, user }, tell, async (words) => {
        const typed = text.trim().toLowerCase();
        if (typed === 'help') await tell(await helpHere({ team, channel, user }, words));
        else if (typed === 'accept') await tell(await accept({ team, user }));
        else if (typed === 'delete my clips') await tell(await onForget({ team, user }));
        else if (typed === 'send my data') await tell(await sendOwnData({ team, user }, trigger));
        else await openForm({ team, user }, trigger, { channel, request: readTyped(text) }, words);
      }),
    );
  });

  app.command(ADMIN, async ({ command, ack, respond }) => {
    const who = { team: workspaces.teamOf(command.team_id), user: command.user_id };
    await ack();
    const tell = tellBy(respond, undefined);
    goOn(ADMIN, () => guard(who, tell, async (words) => void (await tell(await onAdmin(who, command.text, words)))));
  });
}

/** What was typed behind the command, for the form; options in it, too. */
function readTyped(text: string): FormContents['request'] {
  if (text.trim() === '') return {};
  try {
    const { seed, ...request } = parseCommand(text);
    return { ...request, ...(seed !== undefined && { seed }) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    // The form shows it as it is, and says what is wrong with it when it is sent.
    return { prompt: text.slice(0, 1000) };
  }
}
