// conversations.*, users.*, team.* and the like: what a bot may know of channels and people.
import { toMessageJson } from './chat.ts';
import {
  type Arguments,
  type Given,
  type Methods,
  Refusal,
  refuseArguments,
  type Service,
  scopesOfKind,
  visibleChannel,
} from './method.ts';
import { APP_ID, type FakeChannel, type FakeMember, type FakeMessage, type Json } from './world.ts';

const PAGE = 100;

export function toChannelJson(channel: FakeChannel): Json {
  const { id, name, kind, isArchived, isShared, hasBot, members } = channel;
  if (kind === 'direct') {
    return {
      id,
      created: 0,
      is_im: true,
      is_org_shared: false,
      is_archived: isArchived,
      user: members[0],
      is_open: true,
    };
  }
  return {
    id,
    name,
    is_channel: kind !== 'group',
    is_group: kind === 'private',
    is_im: false,
    is_mpim: kind === 'group',
    ...{ is_private: kind !== 'public', is_archived: isArchived, is_member: hasBot, is_general: false },
    ...{ is_shared: isShared, is_ext_shared: isShared, is_org_shared: false, context_team_id: channel.team },
    ...{ created: 0, creator: members[0], num_members: members.length, name_normalized: name },
  };
}

export function conversationMethods(service: Service): Methods {
  const { world } = service;

  /** One page of messages, and where the next one begins. */
  const page = (messages: FakeMessage[], given: Given): Json => {
    const from = given.cursor ? Number(Buffer.from(given.cursor, 'base64').toString()) : 0;
    if (!Number.isInteger(from)) throw new Refusal('invalid_cursor');
    const { oldest = '0', latest = '9999999999', inclusive = false, limit = PAGE } = given;
    const within = messages.filter(({ ts }) => {
      const isEdge = ts === oldest || ts === latest;
      return isEdge ? inclusive : Number(ts) > Number(oldest) && Number(ts) < Number(latest);
    });
    const end = from + Math.min(limit, 999);
    const hasMore = within.length > end;
    return {
      messages: within
        .slice(from, end)
        .map((message) => toMessageJson(service, message, { withMetadata: given.include_all_metadata === true })),
      has_more: hasMore,
      ...(hasMore && { response_metadata: { next_cursor: Buffer.from(String(end)).toString('base64') } }),
    };
  };
  const PAGING: Arguments = {
    ...{ cursor: 'text', limit: 'number', oldest: 'text', latest: 'text' },
    ...{ inclusive: 'flag', include_all_metadata: 'flag' },
  };

  return {
    'auth.test': {
      tier: 'none',
      arguments: {},
      run: ({ team, isAppToken }) => ({
        url: `https://${team.domain}.slack.com/`,
        team: team.name,
        team_id: team.id,
        user: isAppToken ? undefined : 'animate_bot',
        user_id: team.botUserId,
        bot_id: team.botId,
        is_enterprise_install: false,
      }),
    },

    'apps.connections.open': {
      tier: 'tier3',
      token: 'app',
      arguments: {},
      run: () => ({ url: service.socketUrl() }),
    },

    'conversations.open': {
      tier: 'tier3',
      scopes: ['im:write', 'mpim:write', 'channels:manage', 'groups:write'],
      arguments: { users: 'text', channel: 'text', return_im: 'flag', prevent_creation: 'flag' },
      run({ team, given }) {
        if (given.channel) return { channel: toChannelJson(visibleChannel(world, team, given.channel)) };
        if (!given.users) throw refuseArguments('users_list_not_supplied', ['[ERROR] missing required field: users']);
        const ids: string[] = given.users.split(',');
        if (ids.some((id) => !world.members.has(id))) throw new Refusal('user_not_found');
        if (ids.some((id) => world.members.get(id)?.isDeactivated)) throw new Refusal('user_disabled');
        const [only = ''] = ids;
        const channel =
          ids.length === 1
            ? world.directChannelOf(only, team.id)
            : world.addChannel({ kind: 'group', hasBot: true, members: ids, team: team.id });
        return { channel: given.return_im ? toChannelJson(channel) : { id: channel.id }, no_op: false };
      },
    },

    'conversations.info': {
      tier: 'tier3',
      scopes: scopesOfKind('read'),
      arguments: { channel: 'text!', include_locale: 'flag', include_num_members: 'flag' },
      run: ({ team, given }) => ({ channel: toChannelJson(visibleChannel(world, team, given.channel)) }),
    },

    'conversations.join': {
      tier: 'tier3',
      scopes: ['channels:join'],
      arguments: { channel: 'text!' },
      run({ team, given }) {
        const channel = visibleChannel(world, team, given.channel);
        if (channel.isArchived) throw new Refusal('is_archived');
        if (channel.kind !== 'public') throw new Refusal('method_not_supported_for_channel_type');
        channel.hasBot = true;
        world.tell();
        return { channel: toChannelJson(channel) };
      },
    },

    'conversations.members': {
      tier: 'tier4',
      scopes: scopesOfKind('read'),
      arguments: { channel: 'text!', cursor: 'text', limit: 'number' },
      run({ team, given }) {
        const channel = visibleChannel(world, team, given.channel);
        const bots = channel.hasBot ? [team.botUserId] : [];
        return { members: [...channel.members, ...bots], response_metadata: { next_cursor: '' } };
      },
    },

    'conversations.history': {
      tier: 'tier3',
      scopes: scopesOfKind('history'),
      arguments: { ...PAGING, channel: 'text!' },
      run({ team, given }) {
        const channel = visibleChannel(world, team, given.channel);
        if (!channel.hasBot) throw new Refusal('not_in_channel');
        return page(world.messagesIn(channel.id).reverse(), given);
      },
    },

    'conversations.replies': {
      tier: 'tier3',
      scopes: scopesOfKind('history'),
      arguments: { ...PAGING, channel: 'text!', ts: 'text!' },
      run({ team, given }) {
        const channel = visibleChannel(world, team, given.channel);
        if (!channel.hasBot) throw new Refusal('not_in_channel');
        const named = world.message(channel.id, given.ts);
        if (!named) throw new Refusal('thread_not_found');
        const parent = world.message(channel.id, named.thread ?? named.ts) ?? named;
        return page([parent, ...world.messagesIn(channel.id, parent.ts)], given);
      },
    },

    'users.info': {
      tier: 'tier4',
      scopes: ['users:read'],
      arguments: { user: 'text!', include_locale: 'flag' },
      run({ team, given }) {
        const bot = given.user === team.botUserId ? { id: team.botUserId, name: 'animate-bot' } : undefined;
        const member: FakeMember | undefined = world.members.get(given.user) ?? bot;
        if (!member) throw new Refusal('user_not_found');
        if (member.isHidden) throw new Refusal('user_not_visible');
        const { id, name, isAdmin = false, locale = 'en-US', team: of = team.id, isDeactivated = false } = member;
        return {
          user: {
            ...{
              id,
              team_id: of,
              name: name.toLowerCase(),
              real_name: name,
              deleted: isDeactivated,
              is_bot: bot !== undefined,
              ...(of !== team.id && { is_stranger: true }),
            },
            ...{ is_admin: isAdmin, is_owner: false, is_primary_owner: false, tz: 'Europe/London', tz_offset: 0 },
            profile: { real_name: name, display_name: name },
            ...(given.include_locale && { locale }),
          },
        };
      },
    },

    'usergroups.list': {
      tier: 'tier2',
      scopes: ['usergroups:read'],
      arguments: { include_users: 'flag', include_count: 'flag', include_disabled: 'flag' },
      run({ team, given }) {
        const usergroups = [...world.groups].map(([id, users]) => ({
          ...{ id, team_id: team.id, is_usergroup: true, name: id, handle: id.toLowerCase() },
          ...(given.include_users && { users }),
        }));
        return { usergroups };
      },
    },

    'bots.info': {
      tier: 'tier3',
      scopes: ['users:read'],
      arguments: { bot: 'text' },
      run({ team, given }) {
        if (given.bot !== team.botId) throw new Refusal('bot_not_found');
        return {
          bot: { id: team.botId, app_id: APP_ID, user_id: team.botUserId, name: 'animate-bot', deleted: false },
        };
      },
    },

    'team.info': {
      tier: 'tier3',
      scopes: ['team:read'],
      arguments: { team: 'text', domain: 'text' },
      run: ({ team }) => ({ team: { id: team.id, name: team.name, domain: team.domain, email_domain: '' } }),
    },
  };
}
