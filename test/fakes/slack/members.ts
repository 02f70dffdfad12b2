// Members who write, mention the bot, open its home, and begin with a command or from a menu.
import { toMessageJson } from './chat.ts';
import type { Teller } from './events.ts';
import type { Service } from './method.ts';
import { toViewJson } from './views.ts';
import type { FakeChannel, FakeEvent, FakeFile, FakeMember, FakeMessage, Json } from './world.ts';

export interface Given {
  member?: FakeMember;
  channel?: FakeChannel;
}

export interface Written extends Given {
  files?: FakeFile[];
  /** The ts of the thread's parent. */
  thread?: string;
}

export function createMembers(
  service: Service,
  tell: Teller,
  acknowledged: (event: FakeEvent) => Promise<FakeEvent>,
  usual: { member: FakeMember; channel: FakeChannel },
) {
  const { world } = service;

  /** As it is told: Slack's clients escape &, < and > in what people type, which is left to the test here. */
  const write = (text: string, channel: FakeChannel, given: Written): FakeMessage => {
    const { files = [], thread, member = usual.member } = given;
    const ts = world.newTs();
    for (const file of files) file.shares.push({ channel: channel.id, ts, thread });
    return world.keep({
      ...{ ts, channel: channel.id, thread, user: member.id, isFromBot: false, text, blocks: [], metadata: undefined },
      ...{ subtype: files.length > 0 ? 'file_share' : undefined, files, reactions: [], edits: [] },
    });
  };

  /** A command may be answered in its acknowledgement. */
  const showAcknowledgement = ({ member, channel = '', team, response }: FakeEvent): void => {
    const {
      text = '',
      blocks = [],
      response_type: type,
    } = (response ?? {}) as {
      text?: string;
      blocks?: Json[];
      response_type?: string;
    };
    if (!text && blocks.length === 0) return;
    const ts = world.newTs();
    if (type !== 'in_channel') {
      world.showAlone({ ts, to: member, channel, thread: undefined, text, blocks, via: 'acknowledgement' });
      return;
    }
    const user = world.teams.get(team)?.botUserId ?? '';
    world.keep({
      ...{ ts, channel, thread: undefined, user, isFromBot: true, subtype: 'bot_message', text, blocks },
      ...{ metadata: undefined, files: [], reactions: [], edits: [] },
    });
  };

  return {
    command(name: string, text = '', given: Given = {}): FakeEvent {
      const { member, channel } = { ...usual, ...given };
      const team = tell.teamOf(channel);
      const trigger = world.newTrigger(member.id, team.id);
      const { token, api_app_id } = tell.interactionOf(member, team);
      const payload = {
        ...{ token, api_app_id, is_enterprise_install: 'false', team_id: team.id, team_domain: team.domain },
        ...{ command: name.startsWith('/') ? name : `/${name}`, text, trigger_id: trigger },
        ...{ user_id: member.id, user_name: member.name.toLowerCase() },
        ...{ channel_id: channel.id, channel_name: tell.channelJson(channel).name },
        response_url: tell.responseUrl(member, channel),
      };
      const of = { team: team.id, member: member.id, channel: channel.id, trigger };
      const event = tell.happen('slash_commands', payload, of);
      acknowledged(event).then(showAcknowledgement, () => undefined);
      return event;
    },

    /** From the menu of a message. */
    shortcut(callbackId: string, message: FakeMessage, given: Given = {}): FakeEvent {
      const channel = world.channels.get(message.channel) ?? usual.channel;
      const { member } = { ...usual, ...given };
      const team = tell.teamOf(channel);
      const trigger = world.newTrigger(member.id, team.id);
      const payload = {
        ...{ ...tell.interactionOf(member, team), type: 'message_action', callback_id: callbackId },
        ...{ trigger_id: trigger, action_ts: world.newTs(), message_ts: message.ts },
        ...{ channel: tell.channelJson(channel), message: toMessageJson(service, message) },
        response_url: tell.responseUrl(member, channel, message),
      };
      return tell.happen('interactive', payload, { team: team.id, member: member.id, channel: channel.id, trigger });
    },

    /** From the menu beside the box where people write, or from the search: of no channel. */
    globalShortcut(callbackId: string, given: Given = {}): FakeEvent {
      const { member, channel } = { ...usual, ...given };
      const team = tell.teamOf(channel);
      const trigger = world.newTrigger(member.id, team.id);
      const payload = { type: 'shortcut', callback_id: callbackId, trigger_id: trigger, action_ts: world.newTs() };
      const whole = { ...tell.interactionOf(member, team), ...payload };
      return tell.happen('interactive', whole, { team: team.id, member: member.id, trigger });
    },

    /** A member's own message with pictures, of which the bot is not told. */
    post: (files: FakeFile[], { text = 'look', ...given }: Written & { text?: string } = {}): FakeMessage =>
      write(text, given.channel ?? usual.channel, { ...given, files }),

    /** `text` is what follows the bot's name. */
    mention(text: string, given: Written = {}): FakeEvent {
      const { channel, member } = { ...usual, ...given };
      if (!channel.hasBot) throw new Error('Slack does not tell a bot of mentions in a channel that it is not in');
      const message = write(`<@${tell.teamOf(channel).botUserId}> ${text}`, channel, given);
      const { subtype: _, ...json } = toMessageJson(service, message);
      const more = { channel: channel.id, event_ts: message.ts, client_msg_id: message.ts };
      return tell.event({ ...json, type: 'app_mention', ...more }, channel, member.id, message);
    },

    /** A member changes the words of a mention: Slack tells of it again, by the same `ts`. */
    editMention(event: FakeEvent, text: string): FakeEvent {
      const { message } = event;
      const channel = world.channels.get(message?.channel ?? '');
      if (!message || !channel) throw new Error('That is no mention');
      const words = `<@${tell.teamOf(channel).botUserId}> ${text}`;
      const changed = world.keep({
        ...message,
        text: words,
        edits: [...message.edits, { at: Date.now(), text: words }],
      });
      const edited = { user: message.user, ts: world.newTs() };
      const told = { ...(event.payload.event as Json), text: words, edited, event_ts: edited.ts };
      return tell.event(told, channel, message.user, changed);
    },

    /** A member writes to the bot alone. */
    direct(text: string, given: Omit<Written, 'channel'> = {}): FakeEvent {
      const { member } = { ...usual, ...given };
      const channel = world.directChannelOf(member.id);
      const message = write(text, channel, given);
      const more = { channel: channel.id, channel_type: 'im', event_ts: message.ts, client_msg_id: message.ts };
      return tell.event({ ...toMessageJson(service, message), ...more }, channel, member.id, message);
    },

    openHome(member: FakeMember = usual.member): FakeEvent {
      const channel = world.directChannelOf(member.id);
      const known = world.homes.get(member.id);
      const event = {
        ...{ type: 'app_home_opened', user: member.id, channel: channel.id, tab: 'home', event_ts: world.newTs() },
        ...(known && { view: toViewJson(world, known) }),
      };
      return tell.event(event, channel, member.id);
    },
  };
}
