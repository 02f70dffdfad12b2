// The buttons under a render, and the one that accepts what has to be accepted first.
import type { App, BlockAction } from '@slack/bolt';
import { type ParsedCommand, parseCommand, withOffer } from '../../command.ts';
import { actOnFirst } from '../../first-press.ts';
import { type Choice, heldEventId } from '../../held-command.ts';
import type { Words } from '../../languages/words.ts';
import type { ButtonPress } from '../../platform.ts';
import { soon } from '../../soon.ts';
import { ACCEPT_BUTTON, OFFER_BUTTON, RENDER_BUTTON, readButton, readOffer } from '../drawing.ts';
import { toEventId } from '../events.ts';
import { describeFault } from '../faults.ts';
import { drawForm } from '../forms.ts';
import type { Origin, Place } from '../origin.ts';
import { type Entrance, tellBy } from './entrance.ts';

export function listenForButtons(app: App, entrance: Entrance): void {
  const { handlers, notes, openForms, held, samePressMs } = entrance;
  const { accept, goOn, guard, logUnexpected, openView, personOf, put, wordsFor } = entrance;

  const onEdit = async (body: BlockAction, origin: Origin, renderId: string, words: Words): Promise<void> => {
    const { member, mayManage, language, roles } = await personOf(origin);
    const { channel, thread, team, isThreadThere } = origin;
    const asking = { renderId, member, mayManage, language, place: { channel, server: team, roles } };
    const recalling = soon(notes, () => handlers.recall(asking));
    const place = { channel, ...(thread !== undefined && { thread }), ...(isThreadThere && { isThreadThere }) };
    const contents = { renderId, ...place, request: await recalling.inTime };
    const view = await openView(team, body.trigger_id, drawForm(contents, words));
    await openForms.remember(renderId, { team, view, contents });
  };

  /** False if it was pressed twice. */
  const onPress = async (origin: Origin, action: ButtonPress['action'], renderId: string): Promise<boolean> => {
    const name = `press:${action}:${renderId}:${origin.user}`;
    return actOnFirst(notes, { name, withinMs: samePressMs }, () => put({ kind: 'press', origin, action, renderId }));
  };

  app.action({ type: 'block_actions', action_id: RENDER_BUTTON }, async ({ body, action, ack, respond }) => {
    const place = placeOf(body);
    const who = { team: place.team, user: body.user.id };
    const event = toEventId(place.team, place.channel, body.message?.ts ?? '', action.action_ts);
    const isThreadThere = threadThere(body) !== undefined;
    const origin: Origin = { ...place, ...who, event, isThreadThere };
    const pressed = action.type === 'button' ? readButton(action.action_id, action.value) : undefined;
    const tell = tellBy(respond, threadThere(body));
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

  /** Begins a command that was held, now that its member has chosen; undefined where it is held no more. */
  const beginHeld = async (user: string, id: string | undefined, choice: Choice, words: Words) => {
    const item = id && (await soon(notes, () => held.find(id)).inTime);
    if (!item || item.origin.user !== user) return undefined;
    const { edit: _, ...kept } = item.origin;
    const origin = { ...kept, event: heldEventId(id, choice) };
    await put(item.kind === 'animate' ? { ...item, origin, text: withChoice(item.text, choice) } : { ...item, origin });
    return words.chat.onItsWay;
  };

  app.action({ type: 'block_actions', action_id: ACCEPT_BUTTON }, async ({ body, action, ack, respond }) => {
    await ack();
    const { team } = placeOf(body);
    const who = { team, user: body.user.id };
    const tell = tellBy(respond, threadThere(body));
    const id = action.type === 'button' ? action.value : undefined;
    goOn(ACCEPT_BUTTON, () =>
      guard(who, tell, async (words) => {
        const accepted = await accept(who);
        await tell((await beginHeld(who.user, id, 'ok', words)) ?? accepted);
      }),
    );
  });

  app.action({ type: 'block_actions', action_id: OFFER_BUTTON }, async ({ body, action, ack, respond }) => {
    await ack();
    const who = { team: placeOf(body).team, user: body.user.id };
    const tell = tellBy(respond, threadThere(body));
    const offer = readOffer(action.action_id);
    const id = action.type === 'button' ? action.value : undefined;
    goOn('offer', () =>
      guard(who, tell, async (words) => {
        await tell((offer && (await beginHeld(who.user, id, offer, words))) ?? words.chat.expired);
      }),
    );
  });

  function placeOf(body: BlockAction): Place {
    const { team, user, channel, container, message } = body;
    return {
      // Of a member from elsewhere the payload names their own workspace; the message with the button is ours.
      team: entrance.workspaces.teamOf((message as { team?: string } | undefined)?.team ?? team?.id ?? user.team_id),
      channel: channel?.id ?? String(container.channel_id ?? ''),
      thread: threadThere(body) ?? message?.ts,
    };
  }
}

/** The thread that the button is in. */
function threadThere({ message, container }: BlockAction): string | undefined {
  const thread = message?.thread_ts ?? container.thread_ts;
  return thread ? String(thread) : undefined;
}

function withChoice(text: string | ParsedCommand, choice: Choice): string | ParsedCommand {
  if (choice === 'ok') return text;
  return withOffer(typeof text === 'string' ? parseCommand(text) : text, choice);
}
