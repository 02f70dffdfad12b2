// chat.* and reactions.*: who may post, change and delete what, and how long it may be.
import { faultsOfBlocks, withIds } from './block-kit.ts';
import { toFileJson } from './file-json.ts';
import {
  type Arguments,
  type Call,
  type Methods,
  Refusal,
  refuseArguments,
  type Service,
  visibleChannel,
} from './method.ts';
import { APP_ID, type FakeChannel, type FakeMessage, type FakeTeam, type Json } from './world.ts';

const LONGEST_POST = 40_000;
/** An edit may not be as long as a new message. */
const LONGEST_EDIT = 4000;
const LONGEST_METADATA_BYTES = 16_000;

const CONTENT: Arguments = {
  ...{ text: 'text', blocks: 'json', attachments: 'json', markdown_text: 'text', metadata: 'json' },
  ...{ parse: 'text', link_names: 'flag', as_user: 'flag' },
};
const LOOKS: Arguments = { username: 'text', icon_emoji: 'text', icon_url: 'text', mrkdwn: 'flag' };

export function toMessageJson(service: Service, message: FakeMessage, { withMetadata = false } = {}): Json {
  const { world } = service;
  const channel = world.channels.get(message.channel);
  const team = world.teams.get(channel?.team ?? '');
  const replies = world.messagesIn(message.channel, message.ts);
  const parent = message.thread === undefined ? undefined : world.message(message.channel, message.thread);
  const lastEdit = message.edits.at(-1);
  return {
    type: 'message',
    ...(message.subtype !== undefined && { subtype: message.subtype }),
    user: message.user,
    ...(message.isFromBot && { bot_id: team?.botId, app_id: APP_ID }),
    text: message.text,
    ts: message.ts,
    team: team?.id,
    ...(message.blocks.length > 0 && { blocks: message.blocks }),
    ...(message.thread !== undefined && { thread_ts: message.thread, parent_user_id: parent?.user }),
    ...(replies.length > 0 && {
      thread_ts: message.ts,
      reply_count: replies.length,
      latest_reply: replies.at(-1)?.ts,
      reply_users: [...new Set(replies.map(({ user }) => user))],
    }),
    ...(message.files.length > 0 && {
      files: message.files.map((file) => toFileJson(service, file)),
      upload: true,
      display_as_bot: false,
    }),
    ...(withMetadata && message.metadata && { metadata: message.metadata }),
    ...(lastEdit && { edited: { user: message.user, ts: `${(lastEdit.at / 1000).toFixed(0)}.000000` } }),
  };
}

/** In a direct conversation, a bot hears of all that happens there, also of what it does itself. */
export function echo(service: Service, message: FakeMessage, change: Json = {}): void {
  const channel = service.world.channels.get(message.channel);
  if (channel?.kind !== 'direct' || !channel.hasBot) return;
  const event = {
    ...toMessageJson(service, message),
    ...change,
    channel: channel.id,
    channel_type: 'im',
    event_ts: message.ts,
  };
  service.tellBot(event, { channel, member: message.user, message });
}

export function chatMethods(service: Service): Methods {
  const { world } = service;

  const content = (given: Call['given']): Pick<FakeMessage, 'text' | 'blocks' | 'metadata'> & { hasAny: boolean } => {
    const { text, blocks, attachments, metadata, markdown_text: markdown } = given;
    if (blocks !== undefined) {
      if (!Array.isArray(blocks)) throw refuseArguments('invalid_blocks_format', ['[ERROR] blocks must be an array']);
      const faults = faultsOfBlocks(blocks);
      if (faults.length > 0) throw refuseArguments('invalid_blocks', faults);
    }
    if (markdown !== undefined && (text !== undefined || blocks !== undefined)) {
      throw new Refusal('markdown_text_conflict', {}, true);
    }
    if (metadata !== undefined) {
      const isFormed = typeof metadata.event_type === 'string' && typeof metadata.event_payload === 'object';
      if (!isFormed || !metadata.event_payload) throw new Refusal('invalid_metadata_format', {}, true);
      if (JSON.stringify(metadata).length > LONGEST_METADATA_BYTES) throw new Refusal('metadata_too_large', {}, true);
    }
    return {
      text: text ?? markdown ?? '',
      blocks: world.broken.has('blocks') ? [] : withIds(blocks ?? [], () => world.newId('')),
      metadata,
      hasAny: Boolean(text ?? markdown) || (blocks ?? []).length > 0 || (attachments ?? []).length > 0,
    };
  };

  const threadOf = (channel: FakeChannel, ts: string | undefined): string | undefined => {
    if (ts === undefined || world.broken.has('threads')) return undefined;
    if (!/^\d+\.\d{6}$/.test(ts)) throw refuseArguments('invalid_arguments', [`[ERROR] thread_ts is no ts: ${ts}`]);
    // Slack takes a reply's ts for its thread's, and a ts of nothing begins a thread under nothing.
    return world.message(channel.id, ts)?.thread ?? ts;
  };

  /** Also a member's id is an address: that of the direct conversation. */
  const addressOf = (team: FakeTeam, id: string): FakeChannel => {
    if (world.members.has(id)) return world.directChannelOf(id, team.id);
    const byName = [...world.channels.values()].find(({ kind, name }) => kind === 'public' && `#${name}` === id);
    return visibleChannel(world, team, byName?.id ?? id);
  };

  const ownMessage = (team: FakeTeam, given: Call['given'], refusal: string): FakeMessage => {
    const channel = visibleChannel(world, team, given.channel);
    const message = world.message(channel.id, given.ts);
    if (!message) throw new Refusal('message_not_found');
    if (message.user !== team.botUserId) throw new Refusal(refusal);
    return message;
  };

  return {
    'chat.postMessage': {
      tier: 'perChannel',
      scopes: ['chat:write'],
      arguments: {
        ...{ ...CONTENT, ...LOOKS, channel: 'text!', thread_ts: 'text', reply_broadcast: 'flag' },
        ...{ unfurl_links: 'flag', unfurl_media: 'flag', client_msg_id: 'text' },
      },
      run({ team, given }) {
        const channel = addressOf(team, given.channel);
        if (channel.isArchived) throw new Refusal('is_archived');
        if (!channel.hasBot && !team.scopes.includes('chat:write.public')) throw new Refusal('not_in_channel');
        const known = world.posted.get(`${channel.id}/${given.client_msg_id}`);
        if (given.client_msg_id !== undefined && known !== undefined && !world.broken.has('client-msg-ids')) {
          const earlier = world.message(channel.id, known);
          if (!earlier) throw new Refusal('duplicate_message_not_found');
          return { channel: channel.id, ts: known, message: toMessageJson(service, earlier, { withMetadata: true }) };
        }
        const { hasAny, ...body } = content(given);
        if (!hasAny) throw new Refusal('no_text', {}, true);
        if (channel.lockedThreads.includes(given.thread_ts)) throw new Refusal('restricted_action_thread_locked');
        const text = [...body.text].slice(0, LONGEST_POST).join('');
        if (text !== body.text)
          service.faults.push(`chat.postMessage: Slack cuts what is longer than ${LONGEST_POST} characters`);
        const message = world.keep({
          ...{ ts: world.newTs(), channel: channel.id, thread: threadOf(channel, given.thread_ts) },
          ...{ user: team.botUserId, isFromBot: true, subtype: undefined, files: [], reactions: [], edits: [] },
          ...{ ...body, text },
        });
        if (given.client_msg_id !== undefined) world.posted.set(`${channel.id}/${given.client_msg_id}`, message.ts);
        echo(service, message);
        return {
          channel: channel.id,
          ts: message.ts,
          message: toMessageJson(service, message, { withMetadata: true }),
        };
      },
    },

    'chat.update': {
      tier: 'tier3',
      scopes: ['chat:write'],
      arguments: { ...CONTENT, channel: 'text!', ts: 'text!', reply_broadcast: 'flag', file_ids: 'json' },
      run({ team, given }) {
        const before = ownMessage(team, given, 'cant_update_message');
        if (world.channels.get(before.channel)?.isArchived) throw new Refusal('is_inactive');
        const { hasAny, ...body } = content(given);
        if (!hasAny && given.file_ids === undefined) throw new Refusal('no_text', {}, true);
        if (body.text.length > LONGEST_EDIT) throw new Refusal('msg_too_long', {}, true);
        const message = world.keep({
          ...before,
          text: world.broken.has('edited-words') ? before.text : body.text,
          // Words alone take the blocks away. Metadata stay unless others come.
          blocks: given.blocks !== undefined || body.text !== '' ? body.blocks : before.blocks,
          metadata: body.metadata ?? before.metadata,
          edits: [...before.edits, { at: Date.now(), text: body.text }],
        });
        echo(service, message, {
          subtype: 'message_changed',
          hidden: true,
          message: toMessageJson(service, message),
          previous_message: toMessageJson(service, before),
          user: undefined,
          bot_id: undefined,
          ts: world.newTs(),
        });
        return {
          channel: message.channel,
          ts: message.ts,
          text: message.text,
          message: toMessageJson(service, message),
        };
      },
    },

    'chat.delete': {
      tier: 'tier3',
      scopes: ['chat:write'],
      arguments: { channel: 'text!', ts: 'text!', as_user: 'flag' },
      run({ team, given }) {
        const message = ownMessage(team, given, 'cant_delete_message');
        if (world.broken.has('deletions')) return { channel: message.channel, ts: message.ts };
        world.remove(message);
        echo(service, message, {
          ...{ subtype: 'message_deleted', hidden: true, deleted_ts: message.ts, user: undefined, bot_id: undefined },
          ...{ previous_message: toMessageJson(service, message), ts: world.newTs() },
        });
        return { channel: message.channel, ts: message.ts };
      },
    },

    'chat.postEphemeral': {
      tier: 'tier4',
      scopes: ['chat:write'],
      arguments: { ...CONTENT, ...LOOKS, channel: 'text!', user: 'text!', thread_ts: 'text' },
      run({ team, given }) {
        const channel = visibleChannel(world, team, given.channel);
        if (channel.isArchived) throw new Refusal('is_archived');
        if (!channel.hasBot) throw new Refusal('not_in_channel');
        if (!channel.members.includes(given.user)) throw new Refusal('user_not_in_channel');
        const { hasAny, text, blocks } = content(given);
        if (!hasAny) throw new Refusal('no_text', {}, true);
        if (text.length > LONGEST_POST) throw new Refusal('msg_too_long', {}, true);
        const ts = world.newTs();
        const thread = threadOf(channel, given.thread_ts);
        world.showAlone({ ts, to: given.user, channel: channel.id, thread, text, blocks, via: 'chat.postEphemeral' });
        return { message_ts: ts };
      },
    },

    'chat.getPermalink': {
      tier: 'none',
      arguments: { channel: 'text!', message_ts: 'text!' },
      run({ team, given }) {
        const channel = visibleChannel(world, team, given.channel);
        const message = world.message(channel.id, given.message_ts);
        if (!message) throw new Refusal('message_not_found');
        const thread = message.thread === undefined ? '' : `?thread_ts=${message.thread}&cid=${channel.id}`;
        const place = `${channel.id}/p${message.ts.replace('.', '')}${thread}`;
        return { channel: channel.id, permalink: `https://${team.domain}.slack.com/archives/${place}` };
      },
    },

    'reactions.add': {
      tier: 'tier3',
      scopes: ['reactions:write'],
      arguments: { channel: 'text!', name: 'text!', timestamp: 'text!' },
      run({ team, given }) {
        const channel = visibleChannel(world, team, given.channel);
        if (!/^[a-z0-9_+'-]+(::skin-tone-[2-6])?$/.test(given.name)) throw new Refusal('invalid_name', {}, true);
        const message = world.message(channel.id, given.timestamp);
        if (!message) throw new Refusal('message_not_found');
        if (message.reactions.includes(given.name)) throw new Refusal('already_reacted');
        world.keep({ ...message, reactions: [...message.reactions, given.name] });
        return {};
      },
    },
  };
}
