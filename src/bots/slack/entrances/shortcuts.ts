// The shortcuts: one in the menu of a message with pictures, and one that works everywhere.
import type { App, GlobalShortcut, MessageShortcut } from '@slack/bolt';
import type { Words } from '../../languages/words.ts';
import { readPictures } from '../events.ts';
import { drawNotice } from '../forms.ts';
import { GLOBAL_SHORTCUT, MESSAGE_SHORTCUT } from '../manifest.ts';
import { postDirectly } from '../messages.ts';
import { type Entrance, tellBy, type Who } from './entrance.ts';

export function listenForShortcuts(app: App, entrance: Entrance): void {
  const { goOn, guard, openForm, openView, workspaces } = entrance;
  const whoOf = ({ team, user }: Pick<MessageShortcut | GlobalShortcut, 'team' | 'user'>): Who => ({
    team: workspaces.teamOf(team?.id),
    user: user.id,
  });

  const onMessageShortcut = async (body: MessageShortcut, who: Who, words: Words): Promise<void> => {
    const { message, channel, trigger_id: trigger } = body;
    const files = readPictures(message as Record<string, unknown>).map(({ id, name }) => ({ id, name: name ?? id }));
    if (files.length === 0) {
      await openView(who.team, trigger, drawNotice(words.chat.noPicture, words));
      return;
    }
    const { thread_ts: thread, ts } = message;
    const place = { channel: channel.id, thread: String(thread ?? ts), isThreadThere: Boolean(thread) };
    await openForm(who, trigger, { ...place, files, request: {} }, words);
  };

  app.shortcut({ callback_id: MESSAGE_SHORTCUT, type: 'message_action' }, async ({ shortcut, ack, respond }) => {
    await ack();
    const who = whoOf(shortcut);
    goOn(MESSAGE_SHORTCUT, () =>
      guard(who, tellBy(respond, shortcut.message.thread_ts), (words) => onMessageShortcut(shortcut, who, words)),
    );
  });

  app.shortcut({ callback_id: GLOBAL_SHORTCUT, type: 'shortcut' }, async ({ shortcut, ack }) => {
    await ack();
    const who = whoOf(shortcut);
    // It is of no channel, so there is no other place to tell what went wrong.
    const tell = async (text: string) =>
      postDirectly(await workspaces.of(who.team), who.user, shortcut.trigger_id, { text });
    goOn(GLOBAL_SHORTCUT, () =>
      guard(who, tell, (words) => openForm(who, shortcut.trigger_id, { request: {} }, words)),
    );
  });
}
