// What is left to do for a command or a press after its acknowledgement, from the inbox.
import { GivenUp } from '../../queue/inbox.ts';
import { refusal } from '../../refusals.ts';
import { isExpected } from '../faults.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Handlers } from '../platform.ts';
import type { View } from '../view.ts';
import { drawConsent } from './drawing.ts';
import { describeFault, isConsentMissing } from './faults.ts';
import type { Files } from './files.ts';
import type { Item } from './item.ts';
import { isGone, isRefusedForGood, isShutOut, post, postDirectly, postPrivately, type Told } from './messages.ts';
import { isDirect, type Origin } from './origin.ts';
import type { People } from './people.ts';
import type { StatusMessages } from './status-messages.ts';
import type { Workspaces } from './workspaces.ts';

interface FinisherOptions {
  handlers: Handlers;
  workspaces: Pick<Workspaces, 'of'>;
  people: People;
  files: Files;
  status: StatusMessages;
}

/** Finishes what was acknowledged. May be called again for the same item, in another process even. */
export function createFinisher({ handlers, workspaces, people, files, status }: FinisherOptions) {
  /** For the member alone: beside what they did, or where the bot is not let in, directly. */
  const tell = async (origin: Origin, told: Told): Promise<void> => {
    const workspace = await workspaces.of(origin.team);
    const once = `tell:${origin.event}`;
    if (isDirect(origin)) return void (await post(workspace, origin, once, told));
    try {
      await postPrivately(workspace, origin, told);
    } catch (error) {
      if (!isShutOut(error)) throw error;
      await postDirectly(workspace, origin.user, once, told);
    }
  };

  const open = async (origin: Origin, view: View) => {
    try {
      return await status.open(origin, view);
    } catch (error) {
      if (!isShutOut(error)) throw explainRefusal(error);
      const { botUser } = await workspaces.of(origin.team);
      const { member } = await people.find({ team: origin.team, user: botUser });
      throw refusal('not_in_channel', { invite: `/invite @${member.name}` });
    }
  };

  const animate = async ({ origin, text, picture }: Extract<Item, { kind: 'animate' }>): Promise<void> => {
    const { member, language, roles } = await people.find(origin);
    await handlers.animate({
      eventId: origin.event,
      member,
      language,
      place: { channel: origin.channel, server: origin.team, roles },
      text,
      picture:
        'file' in picture
          ? async () => ({
              ...(await files.fetch(await workspaces.of(origin.team), picture.file)),
              isOwn: picture.isOwn === true,
            })
          : picture,
      open: (view) => open(origin, view),
    });
  };

  const press = async ({ origin, action, renderId }: Extract<Item, { kind: 'press' }>): Promise<void> => {
    const { member, language, roles, mayManage } = await people.find(origin);
    const place = { channel: origin.channel, server: origin.team, roles };
    const sentence = await handlers.press({
      ...{ eventId: origin.event, action, renderId, member, language, place, mayManage },
      open: (view) => open(origin, view),
    });
    await tell(origin, { text: sentence });
  };

  return async (item: Item, { isLast }: { isLast: boolean }): Promise<'refused' | undefined> => {
    try {
      await (item.kind === 'animate' ? animate(item) : press(item));
      return undefined;
    } catch (error) {
      if (!isExpected(error) && !isLast) throw error;
      // What is kept is never given up: a member who was told so would still find its message, or even its clip.
      if (await handlers.isTaken(item.origin.event)) throw error;
      const person = await people.find(item.origin).catch(() => undefined);
      const words = wordsOf(person?.language);
      const text = describeFault(error, words);
      await tell(item.origin, isConsentMissing(error) ? drawConsent(text, words) : { text });
      if (!isExpected(error)) throw new GivenUp((error as Error).message, { cause: error });
      return 'refused';
    }
  };
}

/** Turns what no further try would change into words, so that nothing of the command is kept. */
function explainRefusal(error: unknown): unknown {
  if (!isRefusedForGood(error) || isGone(error)) return error;
  return refusal('place_refused', { service: 'Slack', why: error.data.error }, { cause: error });
}
