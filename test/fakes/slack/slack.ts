// A Slack service in this process, which the real bolt app talks to; and its members, who use the bot.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { BOT_SCOPES } from '../../../src/bots/slack/manifest.ts';
import { createUntil } from '../until.ts';
import { chatMethods } from './chat.ts';
import { conversationMethods } from './conversations.ts';
import { ACKNOWLEDGE_WITHIN_MS, createDelivery, type Delivery } from './delivery.ts';
import { createTeller } from './events.ts';
import { createFiles } from './files.ts';
import {
  addInstallationPage,
  addResponseAddresses,
  CLIENT_ID,
  CLIENT_SECRET,
  installationMethods,
} from './installation.ts';
import { createInteractions } from './interactions.ts';
import { type Allowances, createLimits, SLACKS_ALLOWANCES } from './limits.ts';
import { createMembers } from './members.ts';
import type { Service } from './method.ts';
import { type Socket, serveSocket } from './socket.ts';
import { viewMethods } from './views.ts';
import { serveWebApi, type Trouble } from './web-api.ts';
import {
  BOT_ID,
  BOT_USER_ID,
  createWorld,
  type Ephemeral,
  type FakeChannel,
  type FakeEvent,
  type FakeFile,
  type FakeMember,
  type FakeMessage,
  type FakeTeam,
  type FakeView,
  type Json,
  TEAM_ID,
} from './world.ts';

export type { Entered } from './form.ts';
export type { Submitted } from './interactions.ts';
export type { Given, Written } from './members.ts';
export type { Trouble } from './web-api.ts';
export * from './world.ts';

export const ADA: FakeMember = { id: 'U0ADA00001', name: 'Ada', locale: 'en-GB' };
export const BOB: FakeMember = { id: 'U0BOB00002', name: 'Bob', locale: 'de-DE' };
export const ADMIN: FakeMember = { id: 'U0GRACE003', name: 'Grace', locale: 'en-US', isAdmin: true };

/** What our manifest asks for. */
export const DEFAULT_SCOPES: string[] = Object.keys(BOT_SCOPES);

const SHARE_DELAY_MS = 20;

export interface SlackOptions {
  scopes?: string[];
  /** Slack's own where nothing else is said; none without this option. */
  limits?: Partial<Allowances>;
  /** Signed requests to this address in place of Socket Mode. */
  mode?: { requestUrl: string };
  /** How long after an upload the file is seen in its channel. */
  shareDelay?: number;
  /** When an event is told again that was not acknowledged, in milliseconds. */
  retryAfterMs?: number[];
  /** Under another name than 127.0.0.1 a proxy alone finds it. */
  host?: string;
}

export type Slack = Awaited<ReturnType<typeof startSlack>>;

export async function startSlack(options: SlackOptions = {}) {
  const { scopes = DEFAULT_SCOPES, shareDelay = SHARE_DELAY_MS, host = '127.0.0.1' } = options;
  const world = createWorld();
  const botToken = 'xoxb-1111-2222-a-bot-token-that-is-secret';
  const appToken = 'xapp-1-A0ANIMATE1-an-app-token-that-is-secret';
  const signingSecret = 'a-signing-secret-of-tests';
  for (const member of [ADA, BOB, ADMIN]) world.members.set(member.id, member);

  const newTeam = (given: Partial<FakeTeam> = {}): FakeTeam => {
    const team: FakeTeam = {
      ...{ id: world.newId('T'), name: 'The orchard', domain: 'orchard', botId: world.newId('B') },
      ...{ botUserId: world.newId('U'), botToken: `xoxb-${randomBytes(12).toString('hex')}` },
      ...{ code: randomBytes(8).toString('hex'), scopes, isInstalled: true, ...given },
    };
    world.teams.set(team.id, team);
    return team;
  };
  const home = { id: TEAM_ID, name: 'The garden', domain: 'garden', botId: BOT_ID, botUserId: BOT_USER_ID, botToken };
  newTeam(home);

  // The service and what serves it need each other: the addresses are known once it listens.
  const faults: string[] = [];
  const late: { url: string; socket?: Socket; delivery?: Delivery } = { url: '' };
  const there = <Part>(part: Part | undefined): Part => {
    if (part === undefined) throw new Error('The service does not listen yet');
    return part;
  };
  const tell = createTeller(
    world,
    () => late.url,
    () => there(late.delivery),
  );
  const service: Service = {
    world,
    faults,
    limits: createLimits(options.limits && { ...SLACKS_ALLOWANCES, ...options.limits }),
    url: () => late.url,
    socketUrl: () => there(late.socket).newUrl().replace('127.0.0.1', host),
    tellBot: (event, { channel, member, message }) => tell.event(event, channel, member, message),
  };
  const files = createFiles(service, shareDelay);
  const methods = {
    ...{ ...chatMethods(service), ...conversationMethods(service), ...viewMethods(service) },
    ...{ ...installationMethods(service), ...files.methods },
  };
  const api = serveWebApi({ service, methods, appToken });
  await files.addRoutes(api.app, api.teamOf);
  addInstallationPage(api.app, world);
  addResponseAddresses(api.app, world, faults);
  const socket = serveSocket(api.app.server, world);
  const { retryAfterMs } = options;
  const delivery = createDelivery({ world, socket, signingSecret, ...(retryAfterMs && { retryAfterMs }) });
  if (options.mode) delivery.toAddress(options.mode.requestUrl);
  const url = (await api.app.listen({ host: '127.0.0.1', port: 0 })).replace('127.0.0.1', host);
  Object.assign(late, { url, socket, delivery });
  const garden = world.addChannel({ kind: 'public', hasBot: true, name: 'garden' });

  const describe = (): string =>
    [
      ...[...world.messages.values()].map(({ channel, thread, ts, user, text, files: attached }) =>
        JSON.stringify({
          ...{ in: world.channels.get(channel)?.name, thread, ts, user, text },
          files: attached.map(({ name }) => name),
        }),
      ),
      ...world.ephemerals.map(({ to, text, via, isHidden }) => JSON.stringify({ to, text, via, isHidden })),
      ...[...world.views.values()].map(({ id, type, isOpen, json }) =>
        JSON.stringify({ view: id, type, isOpen, title: json.title }),
      ),
      ...world.events.map(({ type, payload, deliveries, acknowledgedAfter }) =>
        JSON.stringify({
          ...{ told: type, of: (payload.event as Json)?.type ?? payload.type ?? payload.command },
          ...{ deliveries, acknowledgedAfter },
        }),
      ),
      ...api.requests.slice(-20).map(({ method }) => method),
      ...faults,
    ].join('\n');

  const untilItIs = createUntil({ changed: world.changed, describe });

  const acknowledged = (event: FakeEvent): Promise<FakeEvent> =>
    untilItIs(() => event.acknowledgedAfter !== undefined && event, ACKNOWLEDGE_WITHIN_MS);

  const told = new Set<Ephemeral>();
  const { close: closeView, ...interactions } = createInteractions(service, tell, acknowledged);

  return {
    ...createMembers(service, tell, acknowledged, { member: ADA, channel: garden }),
    ...interactions,
    ...{ world, url, botToken, appToken, signingSecret, garden, teamId: TEAM_ID, botUserId: BOT_USER_ID },
    ...{ clientId: CLIENT_ID, clientSecret: CLIENT_SECRET },
    requests: api.requests,
    faults,
    ephemerals: world.ephemerals,
    events: world.events,
    socket,
    describe,
    until: untilItIs,
    messagesIn: world.messagesIn,
    directChannelOf: (member: FakeMember) => world.directChannelOf(member.id),
    addChannel: world.addChannel,
    holdShares: files.holdShares,
    releaseShares: files.releaseShares,
    /** From now on by signed requests to this address, whose port the bot chose. */
    toAddress: delivery.toAddress,
    challenge: delivery.challenge,
    get refusedForRate() {
      return service.limits.refused;
    },
    /** What a bot needs to find this service. */
    environment: {
      ...{ SLACK_BOT_TOKEN: botToken, SLACK_APP_TOKEN: appToken, SLACK_API_URL: `${url}/api/`, SLACK_FILES_URL: url },
    },

    trouble(given: Trouble): Trouble {
      api.troubles.push(given);
      return given;
    },

    /** Another workspace, with its own bot token, which `oauth.v2.access` hands out for its code. */
    addTeam(name = 'The orchard'): FakeTeam & { garden: FakeChannel } {
      const team = newTeam({ name });
      const channel = world.addChannel({ kind: 'public', hasBot: true, name: 'orchard', team: team.id });
      return Object.assign(team, { garden: channel });
    },

    /** An admin takes the bot out of a workspace: its token is void at once, and the bot is told so. */
    uninstall(team: FakeTeam): FakeEvent[] {
      team.isInstalled = false;
      const channel = world.addChannel({ kind: 'private', hasBot: false, team: team.id });
      const events = [
        { type: 'tokens_revoked', tokens: { oauth: [], bot: [team.botUserId] } },
        { type: 'app_uninstalled' },
      ];
      return events.map((event) => tell.event({ ...event, event_ts: world.newTs() }, channel, ADMIN.id));
    },

    upload(bytes: Buffer, name = 'picture.png', mimetype = 'image/png', member: FakeMember = ADA): FakeFile {
      const file: FakeFile = {
        id: world.newId('F'),
        team: TEAM_ID,
        name,
        title: name,
        mimetype,
        bytes,
        user: member.id,
        altText: undefined,
        createdAt: Math.floor(Date.now() / 1000),
        shares: [],
        state: 'complete',
        isGiven: false,
        isForeign: false,
        address: undefined,
      };
      world.files.set(file.id, file);
      return file;
    },

    /** The same event again, as Slack does when it saw no acknowledgement. */
    redeliver(event: FakeEvent): FakeEvent {
      delivery.send(event, { number: event.deliveries, reason: 'timeout' });
      return event;
    },

    /** What only that member was told next: each sentence once. */
    async told(member: FakeMember = ADA): Promise<string> {
      const next = await untilItIs(() =>
        world.ephemerals.find((each) => each.to === member.id && !each.isHidden && !told.has(each)),
      );
      told.add(next);
      return next.text;
    },

    /** The view that the bot opened for an event. */
    viewOf: ({ trigger }: FakeEvent): Promise<FakeView> =>
      untilItIs(() => [...world.views.values()].find((view) => trigger !== undefined && view.trigger === trigger)),

    /** The message with the clip in a thread, named by its parent or by any of its messages. */
    clipOf(message: string | Pick<FakeMessage, 'ts' | 'thread'>): Promise<FakeMessage> {
      const thread = typeof message === 'string' ? message : (message.thread ?? message.ts);
      return untilItIs(() =>
        [...world.messages.values()].find(
          (each) => (each.thread ?? each.ts) === thread && each.files.some(({ name }) => name.endsWith('.mp4')),
        ),
      );
    },

    /** Closes a view, of which the bot is told only if the view asks for that. Without one, the service ends. */
    async close(view?: FakeView): Promise<FakeEvent | undefined> {
      if (view) return closeView(view);
      delivery.close();
      files.close();
      await socket.close();
      await api.app.close();
      await sleep(0);
      return undefined;
    },
  };
}
