// Every way in: an answer within Slack's three seconds, and the rest into the inbox, from where it is finished even if this
// process dies.
import type { App, BlockAction, MessageShortcut } from '@slack/bolt';
import { OperationError, UserError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Inbox } from '../../queue/inbox.ts';
import type { Notes } from '../../queue/notes.ts';
import { within } from '../../within.ts';
import { type ParsedCommand, parseCommand } from '../command.ts';
import { isExpected, Refusal } from '../faults.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Words } from '../languages/words.ts';
import type { ButtonPress, Handlers } from '../platform.ts';
import { keepInTime, soon } from '../soon.ts';
import { ADMIN_USAGE, parseAdminCommand } from './admin-command.ts';
import type { EventBody } from './client.ts';
import { ACCEPT_BUTTON, RENDER_BUTTON, readButton, toMrkdwn } from './drawing.ts';
import { isPicture, readMessageEvent, toEventId } from './events.ts';
import { describeFault } from './faults.ts';
import { createFormOpening } from './form-opening.ts';
import { drawForm, drawNotice, FORM, type FormContents, FormFaults, readForm } from './forms.ts';
import { ADMIN, ANIMATE, GLOBAL_SHORTCUT, MESSAGE_SHORTCUT } from './manifest.ts';
import { post } from './messages.ts';
import type { OpenForms } from './open-forms.ts';
import { isDirect, type Origin, type Place } from './origin.ts';
import type { People, Person } from './people.ts';
import type { Workspaces } from './workspaces.ts';

/** A form can be opened within three seconds of what asked for it; without the member's language it is in English. */
const LANGUAGE_WITHIN_MS = 1000;

/** What is left to do for something that was acknowledged. */
export type Item =
  | {
      kind: 'animate';
      origin: Origin;
      text: string | ParsedCommand;
      picture: { file: string } | { ofRender: string };
    }
  | { kind: 'press'; origin: Origin; action: ButtonPress['action']; renderId: string };

export interface EntrancesOptions {
  handlers: Handlers;
  people: People;
  workspaces: Pick<Workspaces, 'of'>;
  inbox: Pick<Inbox<Item>, 'put' | 'drop'>;
  notes: Notes;
  openForms: OpenForms;
  /** Commands are taken in channels that other organisations are in, too, and from their members. */
  isShared: boolean;
  /** A second press within this time is the same press. */
  samePressMs: number;
  log: Logger;
}

export type Entrances = ReturnType<typeof createEntrances>;

/** Tells a member something that nobody else sees. */
type Tell = (sentence: string) => Promise<unknown>;

export function createEntrances(options: EntrancesOptions) {
  const { handlers, people, workspaces, inbox, notes, openForms, isShared, samePressMs, log } = options;
  const underWay = new Set<Promise<void>>();

  /** Goes on after Slack was answered; never rejects. */
  const goOn = (what: string, act: () => Promise<void>): void => {
    const going = act().catch((error) => log.warn({ err: error, what }, 'Something could not be answered in time'));
    underWay.add(going);
    void going.finally(() => underWay.delete(going));
  };

  const put = (item: Item): Promise<void> => keepInTime({ notes, inbox, id: item.origin.event, item });

  const { openView, openForm, requireMembership } = createFormOpening({ workspaces, people, notes });

  /** Asked of Redis and Slack, so not at all while Redis is away. */
  const personOf = (who: { team: string; user: string }): Promise<Person> => soon(notes, () => people.find(who)).inTime;

  const wordsFor = async (who: { team: string; user: string }): Promise<Words> => {
    const person = await within(LANGUAGE_WITHIN_MS, personOf(who)).catch(() => undefined);
    return wordsOf(person?.language);
  };

  const logUnexpected = (error: unknown): void => {
    const isOutage = error instanceof OperationError && error.code === 'redis_unavailable';
    if (!isExpected(error) && !isOutage) log.error({ err: error }, 'A command could not be taken');
  };

  /** Does what was asked, and tells the member what became of it where it did not work. */
  const guard = async (who: { team: string; user: string }, tell: Tell, act: (words: Words) => Promise<void>) => {
    const words = await wordsFor(who);
    try {
      await act(words);
    } catch (error) {
      logUnexpected(error);
      await tell(describeFault(error, words));
    }
  };

  const helpFor = async (team: string, words: Words): Promise<string> => {
    const { botUser } = await workspaces.of(team);
    return words.slack.help({ animate: `\`${ANIMATE}\``, menu: words.commands.menu, bot: `<@${botUser}>` });
  };

  /** With what the member has left there. Without Redis there is help all the same. */
  const helpHere = async (asking: { team: string; channel: string; user: string }, words: Words): Promise<string> => {
    const describe = async (): Promise<string> => {
      const { member, language, roles } = await people.find(asking);
      return handlers.left({ member, language, place: { channel: asking.channel, server: asking.team, roles } });
    };
    const left = await soon(notes, describe).inTime.catch(() => '');
    return [await helpFor(asking.team, words), toMrkdwn(left)].filter((part) => part !== '').join('\n\n');
  };

  const sayInThread = async ({ team, channel, thread, event }: Origin, sentence: string): Promise<void> => {
    await post(await workspaces.of(team), { channel, thread }, `say:${event}`, { text: sentence });
  };

  const onMessage = async (body: EventBody): Promise<void> => {
    const message = readMessageEvent(body);
    if (!message) return;
    const { origin, text, file } = message;
    // Before Slack is told that the message came, as well: what could not be said is said when Slack sends it again.
    const say = async (describe: (words: Words) => string | Promise<string>): Promise<void> =>
      sayInThread(origin, await describe(await wordsFor(origin)));
    if (message.isShared && !isShared) return say(({ slack }) => slack.notShared);
    if (file === undefined) {
      const wantsHelp = isDirect(origin) || /^help\b/i.test(text);
      return say((words) => (wantsHelp ? helpFor(origin.team, words) : words.slack.mentionNeedsPicture));
    }
    try {
      await put({ kind: 'animate', origin, text, picture: { file } });
    } catch (error) {
      logUnexpected(error);
      await say((words) => describeFault(error, words));
    }
  };

  const onMessageShortcut = async (body: MessageShortcut, words: Words): Promise<void> => {
    const { message, channel, trigger_id: trigger } = body;
    const team = body.team?.id ?? '';
    const files = ((message.files ?? []) as (Parameters<typeof isPicture>[0] & { id: string; name?: string })[])
      .filter(isPicture)
      .map(({ id, name = id }) => ({ id, name }));
    if (files.length === 0) {
      await openView(team, trigger, drawNotice(words.chat.noPicture, words));
      return;
    }
    const thread = String(message.thread_ts ?? message.ts);
    await openForm(team, trigger, { channel: channel.id, thread, files, request: {} }, words);
  };

  const onAccept = (who: { team: string; user: string }): Promise<string> =>
    soon(notes, async () => handlers.accept(await people.find(who))).inTime;

  const onForget = async (who: { team: string; user: string }): Promise<string> =>
    handlers.forget(await people.find(who));

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

  const onAdmin = async (who: { team: string; user: string }, text: string, words: Words): Promise<string> => {
    const { member, isAdmin } = await personOf(who);
    if (!isAdmin) throw new Refusal(words.chat.notForYou);
    if (/^(help)?$/.test(text.trim())) return ADMIN_USAGE;
    return toMrkdwn(await handlers.administer({ ...parseAdminCommand(text, who.team), by: member }));
  };

  /** What was filled in, or the faults to show beside its fields. */
  const onForm = async (body: { team: string; user: string }, view: FormSubmission, words: Words): Promise<void> => {
    const filled = readForm(view.private_metadata, view.state.values);
    const { purpose, command, picture } = filled;
    const channel = filled.channel ?? '';
    if ('file' in picture && picture.file === '') throw new FormFaults({ picture: words.chat.noPicture });
    if (purpose.channel === undefined) {
      await requireMembership(body.team, channel, words).catch((error) => {
        throw error instanceof Refusal ? new FormFaults({ channel: error.message }) : error;
      });
    }
    const origin: Origin = { ...body, channel, thread: purpose.thread, event: toEventId(body.team, view.id) };
    await put({ kind: 'animate', origin, text: command, picture });
  };

  return {
    /** Called with each event before Slack is told that it came. */
    keep: onMessage,

    listen(app: App): void {
      app.command(ANIMATE, async ({ command, ack, respond }) => {
        const { team_id: team, user_id: user, channel_id: channel, text, trigger_id: trigger } = command;
        await ack();
        const tell = (sentence: string) => respond({ text: sentence, response_type: 'ephemeral' });
        goOn(ANIMATE, () =>
          guard({ team, user }, tell, async (words) => {
            const typed = text.trim().toLowerCase();
            if (typed === 'help') await tell(await helpHere({ team, channel, user }, words));
            else if (typed === 'accept') await tell(await onAccept({ team, user }));
            else if (typed === 'delete my clips') await tell(await onForget({ team, user }));
            else await openForm(team, trigger, { channel, request: readTyped(text) }, words);
          }),
        );
      });

      app.command(ADMIN, async ({ command, ack, respond }) => {
        const who = { team: command.team_id, user: command.user_id };
        await ack();
        const tell = (sentence: string) => respond({ text: sentence, response_type: 'ephemeral' });
        goOn(ADMIN, () =>
          guard(who, tell, async (words) => void (await tell(await onAdmin(who, command.text, words)))),
        );
      });

      app.shortcut({ callback_id: MESSAGE_SHORTCUT, type: 'message_action' }, async ({ shortcut, ack, respond }) => {
        await ack();
        const who = { team: shortcut.team?.id ?? '', user: shortcut.user.id };
        const tell = (sentence: string) =>
          respond({ text: sentence, response_type: 'ephemeral', replace_original: false });
        goOn(MESSAGE_SHORTCUT, () => guard(who, tell, (words) => onMessageShortcut(shortcut, words)));
      });

      app.shortcut({ callback_id: GLOBAL_SHORTCUT, type: 'shortcut' }, async ({ shortcut, ack }) => {
        await ack();
        const who = { team: shortcut.team?.id ?? '', user: shortcut.user.id };
        goOn(GLOBAL_SHORTCUT, async () => {
          await openForm(who.team, shortcut.trigger_id, { request: {} }, await wordsFor(who));
        });
      });

      app.action({ type: 'block_actions', action_id: RENDER_BUTTON }, async ({ body, action, ack, respond }) => {
        const place = placeOf(body);
        const who = { team: place.team, user: body.user.id };
        const event = toEventId(place.team, place.channel, body.message?.ts ?? '', action.action_ts);
        const origin: Origin = { ...place, ...who, event };
        const pressed = action.type === 'button' ? readButton(action.action_id, action.value) : undefined;
        const tell = (sentence: string) =>
          respond({ text: sentence, response_type: 'ephemeral', replace_original: false });
        const refuse = (describe: (words: Words) => string): void =>
          goOn('press', async () => void (await tell(describe(await wordsFor(who)))));
        if (pressed?.button === 'edit') {
          await ack();
          return goOn('edit', () => guard(who, tell, (words) => onEdit(body, origin, pressed.renderId, words)));
        }
        try {
          if (!pressed) refuse(({ chat }) => chat.expired);
          else if (!(await onPress(origin, pressed.button, pressed.renderId)))
            refuse(({ chat }) => chat.alreadyPressed);
        } catch (error) {
          logUnexpected(error);
          refuse((words) => describeFault(error, words));
        }
        // Once it is kept: Slack tells the member if a bot dies before that.
        await ack();
      });

      app.action({ type: 'block_actions', action_id: ACCEPT_BUTTON }, async ({ body, ack, respond }) => {
        await ack();
        const who = { team: placeOf(body).team, user: body.user.id };
        const tell = (sentence: string) =>
          respond({ text: sentence, response_type: 'ephemeral', replace_original: false });
        goOn(ACCEPT_BUTTON, () => guard(who, tell, async () => void (await tell(await onAccept(who)))));
      });

      app.view({ callback_id: FORM, type: 'view_submission' }, async ({ body, view, ack }) => {
        const who = { team: body.team?.id ?? body.user.team_id ?? '', user: body.user.id };
        const words = await wordsFor(who);
        try {
          await onForm(who, view, words);
          await ack();
        } catch (error) {
          if (!(error instanceof FormFaults)) log.warn({ err: error }, 'A form could not be taken');
          // Beside a field, so that what was filled in is still there.
          const errors = error instanceof FormFaults ? error.faults : { prompt: describeFault(error, words) };
          await ack({ response_action: 'errors', errors });
        }
      });
    },

    /** Resolves when everything that came has been answered. */
    async settled(): Promise<void> {
      await Promise.all(underWay);
    },
  };
}

type FormSubmission = { id: string; private_metadata: string; state: { values: Parameters<typeof readForm>[1] } };

function placeOf({ team, user, channel, container, message }: BlockAction): Place {
  return {
    team: team?.id ?? user.team_id ?? '',
    channel: channel?.id ?? String(container.channel_id ?? ''),
    thread: message?.thread_ts ?? message?.ts,
  };
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
