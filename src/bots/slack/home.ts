// The app's Home tab: how to make a clip, the member's latest ones, and the state of everything for admins. It is drawn anew
// while a member has it open.
import type { App, types } from '@slack/bolt';
import type { Logger } from '../../log.ts';
import type { Notes } from '../../queue/notes.ts';
import { wordsOf } from '../languages/languages.ts';
import type { Words } from '../languages/words.ts';
import type { AdminRequest, Handlers, MessageRef } from '../platform.ts';
import type { View } from '../view.ts';
import { button, context, cut, cutEscaped, escapeText, plain, section, toMrkdwn, toOneLine } from './drawing.ts';
import { ANIMATE, MENU } from './manifest.ts';
import { toMemberId } from './origin.ts';
import type { People, Person } from './people.ts';
import type { Workspaces } from './workspaces.ts';

/** Slack does not tell when a member leaves the tab. */
const OPEN_SECONDS = 600;
const REDRAW_EVERY_MS = 5000;
const LONGEST_SHOWN_PROMPT = 120;
/** Slack takes 3,000 characters, escaped as they are. */
const LONGEST_SECTION = 2900;

interface Who {
  team: string;
  user: string;
}

export interface HomeOptions {
  handlers: Pick<Handlers, 'recent' | 'administer'>;
  people: People;
  workspaces: Pick<Workspaces, 'of' | 'teamOf'>;
  notes: Notes;
  log: Logger;
}

export type Home = ReturnType<typeof createHome>;

export function createHome({ handlers, people, workspaces, notes, log }: HomeOptions) {
  const timers = new Map<string, NodeJS.Timeout>();
  const keyOf = (who: Who) => `home:${toMemberId(who)}`;

  const linkOf = async ({ team }: Who, { channel, message }: MessageRef): Promise<string | undefined> => {
    const { client } = await workspaces.of(team);
    const answer = await client.chat.getPermalink({ channel, message_ts: message }).catch(() => undefined);
    return answer?.permalink;
  };

  const drawClip = async (who: Who, { view, ref }: { view: View; ref: MessageRef }, words: Words) => {
    const link = await linkOf(who, ref);
    const prompt = plain(cut(toOneLine(view.request.prompt), LONGEST_SHOWN_PROMPT));
    const block = section(`*${prompt}*\n${escapeText(view.headline)}`);
    if (link === undefined) return block;
    return { ...block, accessory: { ...button('home_open', words.slack.open), url: link } };
  };

  const drawAdmin = async ({ member }: Person, words: Words): Promise<types.KnownBlock[]> => {
    const ask = (verb: AdminRequest['verb']) => handlers.administer({ verb, by: member });
    const [health, queue, workers] = await Promise.all([ask('health'), ask('queue'), ask('workers')]);
    return [
      { type: 'divider' },
      { type: 'header', text: { type: 'plain_text', text: words.slack.admin } },
      ...[health, queue, workers].map((answer) => section(cutEscaped(toMrkdwn(answer), LONGEST_SECTION))),
      {
        type: 'actions',
        elements: [
          button('home_refresh', words.slack.refresh),
          button('home_pause', words.slack.pause, undefined, 'danger'),
          button('home_resume', words.slack.resume),
        ],
      },
    ];
  };

  const publish = async (who: Who): Promise<void> => {
    const workspace = await workspaces.of(who.team);
    const person = await people.find(who);
    const words = wordsOf(person.language);
    const clips = await handlers.recent(person.member.id);
    const { slack } = words;
    const bot = `<@${workspace.botUser}>`;
    const blocks: types.KnownBlock[] = [
      { type: 'header', text: { type: 'plain_text', text: slack.clipsOf } },
      ...(clips.length === 0 ? [context(slack.noClips)] : []),
      ...(await Promise.all(clips.map((clip) => drawClip(who, clip, words)))),
      { type: 'divider' },
      { type: 'header', text: { type: 'plain_text', text: slack.howTo } },
      section(slack.help({ animate: `\`${ANIMATE}\``, menu: MENU, bot })),
      ...(person.isAdmin ? await drawAdmin(person, words) : []),
    ];
    await workspace.client.views.publish({ user_id: who.user, view: { type: 'home', blocks } });
  };

  const open = async (who: Who): Promise<void> => {
    await notes.put(keyOf(who), '1', OPEN_SECONDS);
    await publish(who);
  };

  const act = async (who: Who, verb: 'pause' | 'resume'): Promise<void> => {
    const { member, isAdmin } = await people.find(who);
    // The tab may have been drawn when they were.
    if (isAdmin) await handlers.administer({ verb, by: member });
    await publish(who);
  };

  return {
    listen(app: App): void {
      app.event('app_home_opened', async ({ event, context: { teamId = '' } }) => {
        if (event.tab === 'home') await open({ team: workspaces.teamOf(teamId), user: event.user });
      });
      app.action({ type: 'block_actions', action_id: /^home_\w+$/ }, async ({ action, body, ack }) => {
        await ack();
        const who = { team: workspaces.teamOf(body.team?.id), user: body.user.id };
        if (action.action_id === 'home_refresh') await open(who);
        if (action.action_id === 'home_pause') await act(who, 'pause');
        if (action.action_id === 'home_resume') await act(who, 'resume');
      });
    },

    /** A render of this member has changed. */
    async changed(who: Who): Promise<void> {
      const key = keyOf(who);
      const isOpen = (await notes.get(key)) !== undefined;
      if (!isOpen || timers.has(key)) return;
      const timer = setTimeout(() => {
        timers.delete(key);
        publish(who).catch((error) => log.warn({ err: error }, 'A Home tab could not be drawn'));
      }, REDRAW_EVERY_MS);
      timers.set(key, timer);
    },

    stop(): void {
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
