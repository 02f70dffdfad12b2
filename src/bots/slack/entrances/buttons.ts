// The buttons under a render, and the one that accepts what has to be accepted first.
import type { App, BlockAction } from '@slack/bolt';
import type { Words } from '../../languages/words.ts';
import type { ButtonPress } from '../../platform.ts';
import { soon } from '../../soon.ts';
import { ACCEPT_BUTTON, RENDER_BUTTON, readButton } from '../drawing.ts';
import { toEventId } from '../events.ts';
import { describeFault } from '../faults.ts';
import { drawForm } from '../forms.ts';
import type { Origin, Place } from '../origin.ts';
import { type Entrance, tellBy } from './entrance.ts';

export function listenForButtons(app: App, entrance: Entrance): void {
  const { handlers, notes, openForms, samePressMs } = entrance;
  const { accept, goOn, guard, logUnexpected, openView, personOf, put, wordsFor } = entrance;

  const onEdit = async (body: BlockAction, origin: Origin, renderId: string, words: Words): Promise<void> => {
    const { member, mayManage, language } = await personOf(origin);
    const recalling = soon(notes, () => handlers.recall({ renderId, member, mayManage, language }));
    const { channel, thread, team } = origin;
    const contents = { renderId, channel, ...(thread !== undefined && { thread }), request: await recalling.inTime };
    const view = await openView(team, body.trigger_id, drawForm(contents, words));
    await openForms.remember(renderId, { team, view, contents });
  };

  /** False if it was pressed twice. */
  const onPress = async (origin: Origin, action: ButtonPress['action'], renderId: string): Promise<boolean> => {
    const name = `press:${action}:${renderId}:${origin.user}`;
    const isFirst = samePressMs === 0 || (await soon(notes, () => notes.claim(name, samePressMs)).inTime);
    if (isFirst) await put({ kind: 'press', origin, action, renderId });
    return isFirst;
  };

  app.action({ type: 'block_actions', action_id: RENDER_BUTTON }, async ({ body, action, ack, respond }) => {
    const place = placeOf(body);
    const who = { team: place.team, user: body.user.id };
    const event = toEventId(place.team, place.channel, body.message?.ts ?? '', action.action_ts);
    const origin: Origin = { ...place, ...who, event };
    const pressed = action.type === 'button' ? readButton(action.action_id, action.value) : undefined;
    const tell = tellBy(respond, place.thread);
    if (pressed?.button === 'edit') {
      await ack();
      return goOn('edit', () => guard(who, tell, (words) => onEdit(body, origin, pressed.renderId, words)));
    }
    let refusal: ((words: Words) => string) | undefined;
    try {
      if (!pressed) refusal = ({ chat }) => chat.expired;
      else if (!(await onPress(origin, pressed.button, pressed.renderId))) refusal = ({ chat }) => chat.alreadyPressed;
    } catch (error) {
      logUnexpected(error);
      refusal = (words) => describeFault(error, words);
    }
    // Before the press is acknowledged, too: where it cannot be said, Slack tells the member that it did not work.
    if (refusal) await tell(refusal(await wordsFor(who)));
    // Once it is kept: Slack tells the member if a bot dies before that.
    await ack();
  });

  app.action({ type: 'block_actions', action_id: ACCEPT_BUTTON }, async ({ body, ack, respond }) => {
    await ack();
    const { team, thread } = placeOf(body);
    const who = { team, user: body.user.id };
    const tell = tellBy(respond, thread);
    goOn(ACCEPT_BUTTON, () => guard(who, tell, async () => void (await tell(await accept(who)))));
  });
}

function placeOf({ team, user, channel, container, message }: BlockAction): Place {
  return {
    team: team?.id ?? user.team_id ?? '',
    channel: channel?.id ?? String(container.channel_id ?? ''),
    thread: message?.thread_ts ?? message?.ts,
  };
}
