// What every way in has in common: Slack is answered within three seconds, the rest goes on, and the member is told in their
// language what did not work.
import type { RespondFn } from '@slack/bolt';
import { OperationError } from '../../../errors.ts';
import type { Logger } from '../../../log.ts';
import type { Inbox } from '../../../queue/inbox.ts';
import type { Notes } from '../../../queue/notes.ts';
import { within } from '../../../within.ts';
import { isExpected } from '../../faults.ts';
import type { HeldCommands } from '../../held-command.ts';
import { wordsOf } from '../../languages/languages.ts';
import type { Words } from '../../languages/words.ts';
import type { Handlers } from '../../platform.ts';
import { keepInTime, soon } from '../../soon.ts';
import { describeFault } from '../faults.ts';
import type { Item } from '../item.ts';
import { ANIMATE, MENU } from '../manifest.ts';
import type { OpenForms } from '../open-forms.ts';
import { toItemId } from '../origin.ts';
import type { createOwnData } from '../own-data.ts';
import type { People, Person } from '../people.ts';
import type { Telling } from '../telling.ts';
import type { Workspaces } from '../workspaces.ts';
import { createFormOpening } from './form-opening.ts';

/** A form can be opened within three seconds of what asked for it; without the member's language it is in English. */
const LANGUAGE_WITHIN_MS = 1000;

export interface EntrancesOptions {
  handlers: Handlers;
  people: People;
  workspaces: Pick<Workspaces, 'of' | 'teamOf'>;
  inbox: Pick<Inbox<Item>, 'put' | 'drop'>;
  notes: Notes;
  openForms: OpenForms;
  telling: Telling;
  held: HeldCommands<Item>;
  /** What is kept of a member, to their direct messages. */
  sendOwnData: ReturnType<typeof createOwnData>;
  /** Commands are taken in channels that other organisations are in, too, and from their members. */
  isShared: boolean;
  /** A second press within this time is the same press. */
  samePressMs: number;
  log: Logger;
}

export interface Who {
  team: string;
  user: string;
}

/** Tells a member something that nobody else sees. */
export type Tell = (sentence: string) => Promise<unknown>;

export type Entrance = ReturnType<typeof createEntrance>;

export function createEntrance(options: EntrancesOptions) {
  const { handlers, people, workspaces, inbox, notes, log } = options;
  const underWay = new Set<Promise<void>>();

  /** Asked of Redis and Slack, so not at all while Redis is away. */
  const personOf = (who: Who): Promise<Person> => soon(notes, () => people.find(who)).inTime;

  const wordsFor = async (who: Who): Promise<Words> => {
    const person = await within(LANGUAGE_WITHIN_MS, personOf(who)).catch(() => undefined);
    return wordsOf(person?.language);
  };

  const logUnexpected = (error: unknown): void => {
    const isOutage = error instanceof OperationError && error.code === 'redis_unavailable';
    if (!isExpected(error) && !isOutage) log.error({ err: error }, 'A command could not be taken');
  };

  return {
    ...options,
    ...createFormOpening({ workspaces, people, notes }),
    ...{ personOf, wordsFor, logUnexpected },

    /** Goes on after Slack was answered; never rejects. */
    goOn(what: string, act: () => Promise<void>): void {
      const going = act().catch((error) => log.warn({ err: error, what }, 'Something could not be answered in time'));
      underWay.add(going);
      void going.finally(() => underWay.delete(going));
    },

    put: (item: Item, { comesAgain = false } = {}): Promise<void> =>
      keepInTime({ notes, inbox, id: toItemId(item.origin), item, comesAgain }),

    /** Does what was asked, and tells the member what became of it where it did not work. */
    async guard(who: Who, tell: Tell, act: (words: Words) => Promise<void>): Promise<void> {
      const words = await wordsFor(who);
      try {
        await act(words);
      } catch (error) {
        logUnexpected(error);
        await tell(describeFault(error, words));
      }
    },

    accept: (who: Who): Promise<string> => soon(notes, async () => handlers.accept(await people.find(who))).inTime,

    /** In the manifest's own words: Slack shows the name of a shortcut in one language to everybody. */
    async helpFor(team: string, words: Words): Promise<string> {
      const { botUser } = await workspaces.of(team);
      return words.slack.help({ animate: `\`${ANIMATE}\``, menu: MENU, bot: `<@${botUser}>` });
    },

    /** Resolves when everything that came has been answered. */
    async settled(): Promise<void> {
      await Promise.all(underWay);
    },
  };
}

/** `thread`: where what the member did is. Without, Slack says it below the last message of the channel. */
export const tellBy =
  (respond: RespondFn, thread: string | undefined): Tell =>
  (sentence) =>
    respond({
      ...{ text: sentence, response_type: 'ephemeral', replace_original: false },
      ...(thread !== undefined && { thread_ts: thread }),
    });
