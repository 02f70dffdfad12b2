// What is left to do for a command or a press after its acknowledgement, from the inbox.
import type { webApi } from '@slack/bolt';
import { UserError } from '../../errors.ts';
import { GivenUp } from '../../queue/inbox.ts';
import { refusal } from '../../refusals.ts';
import { isExpected } from '../faults.ts';
import type { HeldCommands } from '../held-command.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Words } from '../languages/words.ts';
import type { Handlers } from '../platform.ts';
import type { View } from '../view.ts';
import { drawConsent, drawOffers } from './drawing.ts';
import { meaningOf } from './error-codes.ts';
import { describeFault, isConsentMissing } from './faults.ts';
import type { Files } from './files.ts';
import { NotInstalledError } from './installations.ts';
import type { Item } from './item.ts';
import { MENU } from './manifest.ts';
import { isRefusal, isRefusedForGood, type Told } from './messages.ts';
import { type Origin, toItemId } from './origin.ts';
import type { People } from './people.ts';
import type { StatusMessages } from './status-messages.ts';
import type { Telling } from './telling.ts';
import { withNamesOf } from './text.ts';
import type { Workspaces } from './workspaces.ts';

interface FinisherOptions {
  handlers: Handlers;
  workspaces: Pick<Workspaces, 'of'>;
  people: People;
  files: Files;
  status: StatusMessages;
  telling: Telling;
  held: HeldCommands<Item>;
}

/** Finishes what was acknowledged. May be called again for the same item, in another process even. */
export function createFinisher({ handlers, workspaces, people, files, status, telling, held }: FinisherOptions) {
  const open = async (origin: Origin, view: View) => {
    try {
      return await status.open(origin, view);
    } catch (error) {
      // Nothing of the command is kept where no further try would change that.
      throw isRefusedForGood(error) ? await explainRefusal(origin, error) : error;
    }
  };

  const explainRefusal = async (origin: Origin, cause: webApi.WebAPIPlatformError): Promise<UserError> => {
    const isOne = (...codes: string[]) => isRefusal(cause, ...codes);
    if (isOne('restricted_action_thread_locked', 'cannot_reply_to_message')) {
      return refusal('thread_locked', {}, { cause });
    }
    if (isOne('is_archived', 'is_inactive')) return refusal('channel_archived', {}, { cause });
    if (isOne('not_in_channel', 'channel_not_found', 'no_permission')) {
      const { botUser } = await workspaces.of(origin.team);
      const { member } = await people.find({ team: origin.team, user: botUser });
      return refusal('not_in_channel', { invite: `/invite @${member.name}` }, { cause });
    }
    const meaning = meaningOf(cause);
    if (meaning === 'operator') return refusal('admin_needed', {}, { cause });
    if (meaning === 'forbidden') return refusal('posting_forbidden', {}, { cause });
    return refusal('place_refused', { service: 'Slack', why: cause.data.error }, { cause });
  };

  /** A text with the names of those who are mentioned in it. */
  const withNames = async (text: string, mentioned: string[], { team }: Origin): Promise<string> => {
    const { botUser } = await workspaces.of(team);
    const nameOf = (user: string) =>
      people.find({ team, user }).then(
        ({ member }) => member.name,
        () => 'someone',
      );
    return withNamesOf({ text, mentioned }, botUser, nameOf);
  };

  const animate = async ({
    origin,
    text,
    mentioned = [],
    picture,
  }: Extract<Item, { kind: 'animate' }>): Promise<void> => {
    const { member, language, roles, mayManage } = await people.find(origin);
    let isOpened = false;
    await handlers.animate({
      eventId: origin.event,
      attempt: origin.edit,
      member,
      language,
      place: { channel: origin.channel, server: origin.team, roles },
      text: typeof text === 'string' ? await withNames(text, mentioned, origin) : text,
      picture:
        'file' in picture
          ? async () => ({
              ...(await files.fetch(await workspaces.of(origin.team), picture.file)),
              isOwn: picture.isOwn === true,
            })
          : { ...picture, mayManage },
      open: async (view) => {
        isOpened = true;
        return open(origin, view);
      },
    });
    if (isOpened && 'of' in picture && picture.of !== undefined) {
      const sentence = wordsOf(language).slack.tookFirst(picture.of, MENU);
      // By now the thread has a reply, the status message.
      await telling.alone({ ...origin, isThreadThere: true }, { text: sentence });
    }
  };

  const press = async ({ origin, action, renderId }: Extract<Item, { kind: 'press' }>): Promise<void> => {
    const { member, language, roles, mayManage } = await people.find(origin);
    const place = { channel: origin.channel, server: origin.team, roles };
    const sentence = await handlers.press({
      ...{ eventId: origin.event, action, renderId, member, language, place, mayManage },
      open: (view) => open(origin, view),
    });
    await telling.alone(origin, { text: sentence });
  };

  /** With the text as it would be read: what is offered changes options of it. */
  const named = async (item: Item): Promise<Item> => {
    if (item.kind !== 'animate' || typeof item.text !== 'string') return item;
    return { ...item, text: await withNames(item.text, item.mentioned ?? [], item.origin), mentioned: [] };
  };

  /** With a button for what lets the command go on. */
  const drawRefusal = async (item: Item, error: unknown, words: Words): Promise<Told> => {
    const text = describeFault(error, words);
    const offers = error instanceof UserError && item.kind === 'animate' ? error.offers : [];
    if (!isConsentMissing(error) && offers.length === 0) return { text };
    const id = toItemId(item.origin);
    await held.hold(id, await named(item));
    return isConsentMissing(error) ? drawConsent(text, id, words) : drawOffers(text, offers, id, words);
  };

  return async (item: Item, { isLast }: { isLast: boolean }): Promise<'refused' | undefined> => {
    try {
      await (item.kind === 'animate' ? animate(item) : press(item));
      return undefined;
    } catch (error) {
      if (error instanceof NotInstalledError) throw new GivenUp(error.message, { cause: error });
      if (!isExpected(error) && !isLast) throw error;
      // What is kept is never given up: a member who was told so would still find its message, or even its clip.
      if (await handlers.isTaken(item.origin.event)) throw error;
      const person = await people.find(item.origin).catch(() => undefined);
      const words = wordsOf(person?.language);
      await telling.alone(item.origin, await drawRefusal(item, error, words));
      if (!isExpected(error)) throw new GivenUp((error as Error).message, { cause: error });
      return 'refused';
    }
  };
}
