// What is left to do for a command or a press after its acknowledgement, from the inbox.
import { MessageFlags } from 'discord.js';
import { UserError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import { GivenUp, type Inbox } from '../../queue/inbox.ts';
import type { Notes } from '../../queue/notes.ts';
import { refusal } from '../../refusals.ts';
import type { Choice, HeldCommands } from '../held-command.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Handlers, MessageRef } from '../platform.ts';
import type { View } from '../view.ts';
import type { Attachments } from './attachments.ts';
import { drawChoices, NOBODY } from './drawing.ts';
import { describeFault } from './faults.ts';
import type { Item } from './interactions.ts';
import { describeRefusal, isGone, isRefusedForGood, type Messages, reasonOf } from './messages.ts';
import { eventOf, type Origin, TOKEN_SECONDS } from './origin.ts';
import type { createStatusMessages } from './status-messages.ts';

/** A command whose acknowledgement may still be on its way to Discord, or never came there. */
const ACKNOWLEDGED_WITHIN_MS = 3000;
/** Well before an interaction's token ends. */
const PREPARED_AFTER_MS = 12.5 * 60_000;

/** What a member is told in the place of a clip. */
interface Refusal {
  sentence: string;
  /** What begins the command again at one press. */
  choices: readonly Choice[];
}

/** Where a sentence is told: in the answer that the member alone sees, in the place of one that others see, or beside a message. */
type Telling = 'in_answer' | 'in_place_of_answer' | 'beside';

interface FinisherOptions {
  held: HeldCommands<Item>;
  inbox: Pick<Inbox<Item>, 'put'>;
  handlers: Handlers;
  attachments: Attachments;
  messages: Messages;
  status: ReturnType<typeof createStatusMessages>;
  notes: Notes;
  log: Logger;
}

/** Finishes what was acknowledged. May be called again for the same item, in another process even. */
export function createFinisher({ handlers, held, inbox, attachments, messages, status, notes, log }: FinisherOptions) {
  /** In the answer that the member has; where others see that, it goes and the sentence is for the member alone. */
  const tell = async (origin: Origin, { sentence, choices }: Refusal, how: Telling): Promise<void> => {
    const token = await notes.get(`token:${origin.interaction}`);
    const components = drawChoices(eventOf(origin), choices, origin.language);
    const body = { content: sentence, allowed_mentions: NOBODY, ...(components.length > 0 && { components }) };
    if (token === undefined) return tellDirectly(origin, body);
    const reach = { application: origin.application, token };
    try {
      if (how === 'in_answer') return void (await messages.edit(reach, '@original', body));
      if (how === 'in_place_of_answer') {
        await messages.remove(reach, '@original').catch((error) => {
          if (!isGone(error)) throw error;
        });
      }
      await messages.followUp(reach, { ...body, flags: MessageFlags.Ephemeral });
    } catch (error) {
      if (!isRefusedForGood(error) || (isGone(error) && !isStale(origin))) throw error;
      // Else Discord never heard that the command was taken, and has told the member so itself.
      if (!isGone(error)) await tellDirectly(origin, body);
    }
  };

  /** The answer that the member was promised can be reached no more: whatever kept it took longer than Discord's token lasts. */
  const tellDirectly = async ({ member, interaction }: Origin, body: Record<string, unknown>): Promise<void> => {
    try {
      await messages.create(await messages.openDirect(member.id), `tell:${interaction}`, body);
    } catch (error) {
      if (!isRefusedForGood(error)) throw error;
      log.warn(
        { ...describeRefusal(error), memberId: member.id },
        'A member could not be told by any road what came of a command',
      );
    }
  };

  /** Where a message can be changed for minutes only, its member is prepared before they are over. */
  const opened = async (item: Item, { renderId }: View, opening: Promise<MessageRef>): Promise<MessageRef> => {
    const { origin } = item;
    const ref = await opening.catch((error) => explainRefusal(error, origin));
    if (ref.details?.home === 'token') {
      const heldMs = Math.max(0, sentAt(origin) + PREPARED_AFTER_MS - Date.now());
      await inbox.put(`end-${origin.interaction}`, { kind: 'end', origin, renderId, ref }, heldMs);
    }
    return ref;
  };

  const animate = async (item: Extract<Item, { kind: 'animate' }>): Promise<void> => {
    const { origin, command } = item;
    const { member, language, place } = origin;
    const eventId = eventOf(origin);
    const { picture } = item;
    await handlers.animate({
      eventId,
      member,
      language,
      place,
      text: command,
      picture:
        'ofRender' in picture
          ? picture
          : async () => ({
              bytes: await attachments.fetch(picture.url),
              filename: picture.name,
              isOwn: picture.isOwn === true,
            }),
      open: (view) => opened(item, view, status.open(origin, view)),
    });
    // The render is in line: advice that does not arrive is no reason to do any of this again.
    await advise(origin).catch(() => undefined);
  };

  /** What whoever manages the server could do for a thread. */
  const advise = async ({ application, interaction, language, lacksForThread }: Origin): Promise<void> => {
    const token = await notes.get(`token:${interaction}`);
    if (lacksForThread.length === 0 || token === undefined) return;
    const names = lacksForThread.map((name) => `**${name}**`).join(', ');
    const content = wordsOf(language).chat.noThread(names);
    await messages.followUp({ application, token }, { content, flags: MessageFlags.Ephemeral });
  };

  const press = async (item: Extract<Item, { kind: 'press' }>): Promise<void> => {
    const { origin, action, renderId, mayManage } = item;
    const { member, language, place } = origin;
    const eventId = eventOf(origin);
    const open = (view: View) => opened(item, view, status.openBeside(origin, view));
    const press = { eventId, action, renderId, member, language, place, mayManage, open };
    const sentence = await handlers.press(press);
    const token = await notes.get(`token:${origin.interaction}`);
    // What was pressed for shows by itself: a sentence that comes too late for its token is not missed.
    if (token === undefined) return;
    const isRemoved = action !== 'delete' || (await removePressed({ application: origin.application, token }));
    const told = isRemoved ? sentence : wordsOf(language).discord.deletedButShown;
    await tell(origin, { sentence: told, choices: [] }, tellingOf(item));
  };

  /** The token of a press takes its message away, whatever the bot itself may do there. */
  const removePressed = async (reach: { application: string; token: string }): Promise<boolean> => {
    try {
      await messages.remove(reach, '@original');
      return true;
    } catch (error) {
      if (!isRefusedForGood(error)) throw error;
      return isGone(error);
    }
  };

  /** Its public answer goes before the sentence comes: whoever breaks off in between has to go on with the refusal, and with nothing else. */
  const refuse = async (item: Item, refusal: Refusal): Promise<'refused'> => {
    const { origin } = item;
    const how = tellingOf(item);
    if (how === 'in_place_of_answer')
      await notes.put(`refusal:${origin.interaction}`, JSON.stringify(refusal), TOKEN_SECONDS);
    await tell(origin, refusal, how);
    return 'refused';
  };

  return async (item: Item, { isLast }: { isLast: boolean }): Promise<'refused' | undefined> => {
    const { origin } = item;
    if (item.kind === 'end') {
      const { ref, renderId } = item;
      await handlers.whileUnderWay(renderId, () => status.prepareForEnd(ref, renderId, origin.language));
      return undefined;
    }
    const begun = await notes.get(`refusal:${origin.interaction}`);
    if (begun !== undefined) return refuse(item, JSON.parse(begun) as Refusal);
    try {
      await (item.kind === 'animate' ? animate(item) : press(item));
      return undefined;
    } catch (error) {
      // The member was told by Discord itself, or sees that the place is gone.
      if (isNeverHeard(error) || (isGone(error) && isStale(origin))) {
        log.info({ err: error, memberId: origin.member.id }, 'The answer to a command is gone; nothing was begun');
        return undefined;
      }
      if (!(error instanceof UserError) && !isLast) throw error;
      // What is kept is never given up: a member who was told so would still find its message, or even its clip.
      if (await handlers.isTaken(eventOf(origin))) throw error;
      const choices = choicesOf(error);
      if (choices.length > 0) await held.hold(eventOf(origin), item);
      const came = await refuse(item, { sentence: describeFault(error, wordsOf(origin.language)), choices });
      if (!(error instanceof UserError)) throw new GivenUp((error as Error).message, { cause: error });
      return came;
    }
  };
}

/** Turns what no further try would change into words, so that nothing of the command is kept. */
function explainRefusal(error: unknown, origin: Origin): never {
  if (isGone(error) && isStale(origin)) {
    // Discord has told the member so itself.
    throw new UserError('place_closed', 'Discord never heard that this command was taken.', { cause: error });
  }
  if (isRefusedForGood(error) && !isGone(error)) {
    throw refusal('place_refused', { service: 'Discord', why: reasonOf(error) }, { cause: error });
  }
  throw error;
}

function isNeverHeard(error: unknown): boolean {
  return error instanceof UserError && error.code === 'place_closed';
}

function choicesOf(error: unknown): readonly Choice[] {
  if (!(error instanceof UserError)) return [];
  return error.code === 'consent_missing' ? ['ok'] : error.offers;
}

function tellingOf(item: Item): Telling {
  if (item.kind === 'press') return item.action === 'delete' ? 'beside' : 'in_answer';
  return item.origin.isPrivate ? 'in_answer' : 'in_place_of_answer';
}

/** Discord's ids hold the time of what they name, in milliseconds since 2015. */
function sentAt({ interaction }: Origin): number {
  const DISCORD_EPOCH_MS = 1_420_070_400_000;
  return Number(BigInt(interaction) >> 22n) + DISCORD_EPOCH_MS;
}

function isStale(origin: Origin): boolean {
  return Date.now() - sentAt(origin) > ACKNOWLEDGED_WITHIN_MS;
}
