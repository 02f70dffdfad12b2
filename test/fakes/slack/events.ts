// What the bot is told, in Slack's words: events in their envelope, and what every press, form, command and shortcut carries.
import type { Delivery } from './delivery.ts';
import {
  APP_ID,
  type Ephemeral,
  type FakeChannel,
  type FakeEvent,
  type FakeMember,
  type FakeMessage,
  type FakeTeam,
  type Json,
  type World,
} from './world.ts';

const VERIFICATION_TOKEN = 'a-verification-token';

/** Without its scope, a bot does not hear of these. */
const SCOPES: Record<string, string> = {
  app_mention: 'app_mentions:read',
  message: 'im:history',
};

/** How members begin, which needs the scope `commands`. */
const BEGINNINGS = ['command', 'shortcut', 'message_action'];

export type Teller = ReturnType<typeof createTeller>;

export function createTeller(world: World, url: () => string, delivery: () => Delivery) {
  const happen = (
    type: FakeEvent['type'],
    payload: Json,
    of: Partial<FakeEvent> & { team: string; member: string },
  ): FakeEvent => {
    const event: FakeEvent = {
      ...{ id: world.newId('Ev'), type, payload, channel: undefined, trigger: undefined, message: undefined },
      ...{ sentAt: Date.now(), deliveries: 0, acknowledgedAfter: undefined, response: undefined, ...of },
    };
    world.events.push(event);
    const kind = String((payload.event as Json | undefined)?.type ?? payload.type ?? 'command');
    const needed = SCOPES[kind] ?? (BEGINNINGS.includes(kind) ? 'commands' : undefined);
    if (needed === undefined || world.teams.get(of.team)?.scopes.includes(needed)) delivery().send(event);
    return event;
  };

  const teamOf = (channel: FakeChannel): FakeTeam => {
    const team = world.teams.get(channel.team);
    if (!team) throw new Error(`The channel ${channel.name} is of no workspace`);
    return team;
  };

  return {
    happen,
    teamOf,

    event(event: Json, channel: FakeChannel, member: string, message?: FakeMessage): FakeEvent {
      const team = teamOf(channel);
      const id = world.newId('Ev');
      const payload = {
        // The envelope of a member from elsewhere is of their own workspace: bolt-js#935.
        ...{ token: VERIFICATION_TOKEN, team_id: world.members.get(member)?.team ?? team.id, context_team_id: team.id },
        ...{ api_app_id: APP_ID, event },
        ...{ type: 'event_callback', event_id: id, event_time: Math.floor(Date.now() / 1000) },
        authorizations: [
          {
            enterprise_id: null,
            team_id: team.id,
            user_id: team.botUserId,
            is_bot: true,
            is_enterprise_install: false,
          },
        ],
        is_ext_shared_channel: channel.isShared,
      };
      return happen('events_api', payload, { id, team: team.id, member, channel: channel.id, message });
    },

    responseUrl: (member: FakeMember, channel: FakeChannel, message?: FakeMessage | Ephemeral): string =>
      `${url()}/response/${world.newResponseAddress({ member: member.id, channel: channel.id, message })}`,

    interactionOf: (member: FakeMember, team: FakeTeam): Json => ({
      ...{ token: VERIFICATION_TOKEN, api_app_id: APP_ID, enterprise: null, is_enterprise_install: false },
      team: { id: member.team ?? team.id, domain: team.domain },
      user: {
        ...{ id: member.id, username: member.name.toLowerCase(), name: member.name.toLowerCase() },
        team_id: member.team ?? team.id,
      },
    }),

    channelJson: ({ id, name, kind }: FakeChannel) => ({ id, name: kind === 'direct' ? 'directmessage' : name }),
  };
}
