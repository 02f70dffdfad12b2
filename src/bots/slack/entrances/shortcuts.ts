// The shortcuts: one in the menu of a message with pictures, and one that works everywhere.
import type { App, MessageShortcut } from '@slack/bolt';
import type { Words } from '../../languages/words.ts';
import { isPicture } from '../events.ts';
import { drawNotice } from '../forms.ts';
import { GLOBAL_SHORTCUT, MESSAGE_SHORTCUT } from '../manifest.ts';
import { type Entrance, tellBy } from './entrance.ts';

export function listenForShortcuts(app: App, entrance: Entrance): void {
  const { goOn, guard, openForm, openView, wordsFor } = entrance;

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

  app.shortcut({ callback_id: MESSAGE_SHORTCUT, type: 'message_action' }, async ({ shortcut, ack, respond }) => {
    await ack();
    const who = { team: shortcut.team?.id ?? '', user: shortcut.user.id };
    goOn(MESSAGE_SHORTCUT, () =>
      guard(who, tellBy(respond, shortcut.message.thread_ts), (words) => onMessageShortcut(shortcut, words)),
    );
  });

  app.shortcut({ callback_id: GLOBAL_SHORTCUT, type: 'shortcut' }, async ({ shortcut, ack }) => {
    await ack();
    const who = { team: shortcut.team?.id ?? '', user: shortcut.user.id };
    goOn(GLOBAL_SHORTCUT, async () => {
      await openForm(who.team, shortcut.trigger_id, { request: {} }, await wordsFor(who));
    });
  });
}
