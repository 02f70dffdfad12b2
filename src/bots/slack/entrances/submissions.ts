// The form that was sent.
import type { App } from '@slack/bolt';
import { isExpected } from '../../faults.ts';
import type { Words } from '../../languages/words.ts';
import { toEventId } from '../events.ts';
import { describeFieldFault } from '../faults.ts';
import { FORM, FormFaults, readForm } from '../forms.ts';
import type { Origin } from '../origin.ts';
import type { Entrance, Who } from './entrance.ts';

type FormSubmission = { id: string; private_metadata: string; state: { values: Parameters<typeof readForm>[1] } };

export function listenForSubmissions(app: App, { log, put, requireMembership, wordsFor, workspaces }: Entrance): void {
  /** Throws the faults to show beside the form's fields. */
  const onForm = async (who: Who, view: FormSubmission, words: Words): Promise<void> => {
    const filled = readForm(view.private_metadata, view.state.values, words);
    const { purpose, command, picture } = filled;
    const channel = filled.channel ?? '';
    if ('file' in picture && picture.file === '') throw new FormFaults({ picture: words.chat.noPicture });
    if (purpose.channel === undefined) {
      await requireMembership(who, channel).catch((error) => {
        throw isExpected(error) ? new FormFaults({ channel: describeFieldFault(error, words) }) : error;
      });
    }
    const { thread, isThreadThere } = purpose;
    const origin: Origin = { ...who, channel, thread, isThreadThere, event: toEventId(who.team, view.id) };
    await put({ kind: 'animate', origin, text: command, picture });
  };

  app.view({ callback_id: FORM, type: 'view_submission' }, async ({ body, view, ack }) => {
    const installed = view.app_installed_team_id ?? body.team?.id ?? body.user.team_id;
    const who = { team: workspaces.teamOf(installed), user: body.user.id };
    const words = await wordsFor(who);
    try {
      await onForm(who, view, words);
      await ack();
    } catch (error) {
      if (!(error instanceof FormFaults)) log.warn({ err: error }, 'A form could not be taken');
      // Beside a field, so that what was filled in is still there.
      const errors = error instanceof FormFaults ? error.faults : { prompt: describeFieldFault(error, words) };
      await ack({ response_action: 'errors', errors });
    }
  });
}
