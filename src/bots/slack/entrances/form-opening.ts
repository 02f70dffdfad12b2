// Opens forms in time: Slack takes one within three seconds of what asked for it. Whether it makes sense there is seen after.
import type { types } from '@slack/bolt';
import type { Notes } from '../../../queue/notes.ts';
import { refusal } from '../../../refusals.ts';
import { isExpected } from '../../faults.ts';
import type { Words } from '../../languages/words.ts';
import { soon } from '../../soon.ts';
import { describeRefusal } from '../error-codes.ts';
import { describeFault } from '../faults.ts';
import { drawForm, drawNotice, type FormContents } from '../forms.ts';
import { isRefusal, isRefusedForGood, openDirect } from '../messages.ts';
import { isDirect } from '../origin.ts';
import type { People } from '../people.ts';
import type { Workspaces } from '../workspaces.ts';

interface Who {
  team: string;
  user: string;
}

export interface FormOpeningOptions {
  workspaces: Pick<Workspaces, 'of'>;
  people: People;
  notes: Pick<Notes, 'isHere'>;
}

export function createFormOpening({ workspaces, people, notes }: FormOpeningOptions) {
  /** Throws `place_closed` for a conversation that the bot is not in, as far as Slack tells; one of two has to be the bot's own. */
  const requireMembership = async ({ team, user }: Who, channel: string): Promise<void> => {
    const workspace = await workspaces.of(team);
    const isIn = isDirect({ channel })
      ? (await openDirect(workspace, user)) === channel
      : await workspace.client.conversations.info({ channel }).then(
          ({ channel: told }) => told?.is_member ?? false,
          (error) => {
            if (!isRefusedForGood(error)) throw error;
            // Group conversations need a scope of their own to look at; the bot is hardly ever in one.
            return isRefusal(error, 'missing_scope') && !describeRefusal(error).needed?.includes('mpim');
          },
        );
    if (isIn) return;
    const { member } = await soon(notes, () => people.find({ team, user: workspace.botUser })).inTime;
    throw refusal('not_in_channel', { invite: `/invite @${member.name}` });
  };

  /** Resolves to the view's id. */
  const openView = async (team: string, trigger: string, view: types.ModalView): Promise<string> => {
    const { client } = await workspaces.of(team);
    const opened = await client.views.open({ trigger_id: trigger, view });
    return opened.view?.id ?? '';
  };

  return {
    requireMembership,
    openView,

    /** In a conversation that the bot is not in, the form becomes the sentence that says so. */
    async openForm(who: Who, trigger: string, contents: FormContents, words: Words): Promise<void> {
      const { team } = who;
      const view = await openView(team, trigger, drawForm(contents, words));
      if (contents.channel === undefined) return;
      try {
        await requireMembership(who, contents.channel);
      } catch (error) {
        if (!isExpected(error)) throw error;
        const { client } = await workspaces.of(team);
        await client.views.update({ view_id: view, view: drawNotice(describeFault(error, words), words) });
      }
    },
  };
}
