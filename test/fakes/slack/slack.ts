// A Slack service in this process, which the real bolt app talks to; and its members, who use the bot.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Element, elementsOf } from './block-kit.ts';
import { chatMethods, toMessageJson } from './chat.ts';
import { conversationMethods } from './conversations.ts';
import { ACKNOWLEDGE_WITHIN_MS, createDelivery } from './delivery.ts';
import { createFiles } from './files.ts';
import { type Entered, enter, leftEmpty } from './form.ts';
import {
  addInstallationPage,
  addResponseAddresses,
  CLIENT_ID,
  CLIENT_SECRET,
  installationMethods,
} from './installation.ts';
import { type Allowances, createLimits, SLACKS_ALLOWANCES } from './limits.ts';
import type { Service } from './method.ts';
import { serveSocket } from './socket.ts';
import { addView, checkView, replaceView, toViewJson, viewMethods } from './views.ts';
import { serveWebApi, type Trouble } from './web-api.ts';
import {
  APP_ID,
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

export * from './world.ts';
export type { Allowances, Entered, Trouble };
export { SLACKS_ALLOWANCES };

export const ADA: FakeMember = { id: 'U0ADA00001', name: 'Ada', locale: 'en-GB' };
export const BOB: FakeMember = { id: 'U0BOB00002', name: 'Bob', locale: 'de-DE' };
export const ADMIN: FakeMember = { id: 'U0GRACE003', name: 'Grace', locale: 'en-US', isAdmin: true };

export const DEFAULT_SCOPES = [
  ...['commands', 'chat:write', 'files:read', 'files:write', 'app_mentions:read'],
  ...['im:history', 'im:write', 'channels:read', 'groups:read', 'users:read', 'usergroups:read'],
];

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
}

export interface Given {
  member?: FakeMember;
  channel?: FakeChannel;
}

export interface Written extends Given {
  files?: FakeFile[];
  /** The ts of the thread's parent. */
  thread?: string;
}

/** What came of a form: `response_action` and `errors`, if the bot answered with any. */
export type Submitted = FakeEvent & { response_action?: string; errors?: Record<string, string> };

export type Slack = Awaited<ReturnType<typeof startSlack>>;

export async function startSlack(options: SlackOptions = {}) {
  const { scopes = DEFAULT_SCOPES, shareDelay = SHARE_DELAY_MS } = options;
  const world = createWorld();
  const botToken = 'xoxb-1111-2222-a-bot-token-that-is-secret';
  const appToken = 'xapp-1-A0ANIMATE1-an-app-token-that-is-secret';
  const signingSecret = 'a-signing-secret-of-tests';
  for (const member of [ADA, BOB, ADMIN]) world.members.set(member.id, member);

  const newTeam = (given: Partial<FakeTeam> = {}): FakeTeam => {
    const team: FakeTeam = {
      ...{ id: world.newId('T'), name: 'The orchard', domain: 'orchard', botId: world.newId('B') },
      ...{ botUserId: world.newId('U'), botToken: `xoxb-${randomBytes(12).toString('hex')}` },
      ...{ code: randomBytes(8).toString('hex'), scopes, ...given },
    };
    world.teams.set(team.id, team);
    return team;
  };
  const home = { id: TEAM_ID, name: 'The garden', domain: 'garden', botId: BOT_ID, botUserId: BOT_USER_ID, botToken };
  newTeam(home);

  // The service and what serves it need each other: the addresses are known once it listens.
  const faults: string[] = [];
  let url = '';
  const service: Service = {
    world,
    faults,
    limits: createLimits(options.limits && { ...SLACKS_ALLOWANCES, ...options.limits }),
    url: () => url,
    socketUrl: () => socket.newUrl(),
    tellBot: (event, of) => tellOfEvent(event, of.channel, of.member, of.message),
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
  url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  const garden = world.addChannel({ kind: 'public', hasBot: true, name: 'garden' });

  const teamOf = (channel: FakeChannel): FakeTeam => world.teams.get(channel.team) ?? newTeam();

  const happen = (
    type: FakeEvent['type'],
    payload: Json,
    of: Partial<FakeEvent> & { team: string; member: string },
  ) => {
    const event: FakeEvent = {
      ...{ id: world.newId('Ev'), type, payload, channel: undefined, trigger: undefined, message: undefined },
      ...{ sentAt: Date.now(), deliveries: 0, acknowledgedAfter: undefined, response: undefined, ...of },
    };
    world.events.push(event);
    delivery.send(event);
    return event;
  };

  function tellOfEvent(event: Json, channel: FakeChannel, member: string, message?: FakeMessage): FakeEvent {
    const team = teamOf(channel);
    const id = world.newId('Ev');
    const payload = {
      ...{ token: 'a-verification-token', team_id: team.id, context_team_id: team.id, api_app_id: APP_ID, event },
      ...{ type: 'event_callback', event_id: id, event_time: Math.floor(Date.now() / 1000) },
      authorizations: [
        { enterprise_id: null, team_id: team.id, user_id: team.botUserId, is_bot: true, is_enterprise_install: false },
      ],
      is_ext_shared_channel: channel.isShared,
    };
    return happen('events_api', payload, { id, team: team.id, member, channel: channel.id, message });
  }

  const responseUrl = (member: FakeMember, channel: FakeChannel, message?: FakeMessage | Ephemeral): string =>
    `${url}/response/${world.newResponseAddress({ member: member.id, channel: channel.id, message })}`;

  /** What every press, form and shortcut has in it. */
  const interactionOf = (member: FakeMember, team: FakeTeam): Json => ({
    ...{ token: 'a-verification-token', api_app_id: APP_ID, enterprise: null, is_enterprise_install: false },
    team: { id: team.id, domain: team.domain },
    user: { id: member.id, username: member.name.toLowerCase(), name: member.name.toLowerCase(), team_id: team.id },
  });
  const channelJson = ({ id, name, kind }: FakeChannel) => ({ id, name: kind === 'direct' ? 'directmessage' : name });

  const write = (text: string, given: Written & { in: FakeChannel }): FakeMessage => {
    const { files: attached = [], thread, member = ADA, in: channel } = given;
    const ts = world.newTs();
    for (const file of attached) file.shares.push({ channel: channel.id, ts, thread });
    return world.keep({
      ...{ ts, channel: channel.id, thread, user: member.id, isFromBot: false, text, blocks: [], metadata: undefined },
      ...{ subtype: attached.length > 0 ? 'file_share' : undefined, files: attached, reactions: [], edits: [] },
    });
  };

  const untilItIs = async <Value>(look: () => Value | undefined | false, timeoutMs = 20_000): Promise<Value> => {
    const deadline = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const value = look();
      if (value !== undefined && value !== false) return value;
      await new Promise<void>((resolve, reject) => {
        const giveUp = () => reject(new Error(`Still not so after ${timeoutMs} ms:\n${describe()}`));
        if (deadline.aborted) return giveUp();
        deadline.addEventListener('abort', giveUp, { once: true });
        world.changed.once('change', () => {
          deadline.removeEventListener('abort', giveUp);
          resolve();
        });
      });
    }
  };

  const describe = (): string =>
    [
      ...[...world.messages.values()].map(({ channel, thread, ts, user, text, files: attached }) =>
        JSON.stringify({
          in: world.channels.get(channel)?.name,
          thread,
          ts,
          user,
          text,
          files: attached.map(({ name }) => name),
        }),
      ),
      ...world.ephemerals.map(({ to, text, via }) => JSON.stringify({ to, text, via })),
      ...[...world.views.values()].map(({ id, type, isOpen, json }) =>
        JSON.stringify({ view: id, type, isOpen, title: json.title }),
      ),
      ...world.events.map(({ type, payload, deliveries, acknowledgedAfter }) =>
        JSON.stringify({
          told: type,
          of: (payload.event as Json)?.type ?? payload.type ?? payload.command,
          deliveries,
          acknowledgedAfter,
        }),
      ),
      ...api.requests.slice(-20).map(({ method }) => method),
      ...faults,
    ].join('\n');

  const acknowledged = (event: FakeEvent): Promise<FakeEvent> =>
    untilItIs(() => event.acknowledgedAfter !== undefined && event, ACKNOWLEDGE_WITHIN_MS);

  type Target = FakeMessage | Ephemeral | FakeView;
  const isView = (target: Target): target is FakeView => 'rootId' in target;

  const placeOf = (target: Target): { channel: FakeChannel | undefined; team: FakeTeam } => {
    const channel = isView(target) ? undefined : world.channels.get(target.channel);
    const team = world.teams.get(isView(target) ? target.team : (channel?.team ?? TEAM_ID));
    if (!team) throw new Error('That is of no workspace');
    return { channel, team };
  };

  /** A member uses an element: the bot is told where it stands and what was chosen. */
  const act = (target: Target, block: Json, element: Element, chosen: Json, given: Given): FakeEvent => {
    const { channel, team } = placeOf(target);
    const isOfView = isView(target);
    const of = isOfView ? world.members.get(target.member) : 'to' in target ? world.members.get(target.to) : undefined;
    const { member = of ?? ADA } = given;
    const trigger = world.newTrigger(member.id, team.id, isOfView ? target.id : undefined);
    const isEphemeral = !isOfView && 'to' in target;
    const place = isOfView
      ? { container: { type: 'view', view_id: target.id }, view: toViewJson(world, target) }
      : {
          container: {
            ...{ type: 'message', message_ts: target.ts, channel_id: target.channel, is_ephemeral: isEphemeral },
            ...(target.thread !== undefined && { thread_ts: target.thread }),
          },
          ...(channel && { channel: channelJson(channel), response_url: responseUrl(member, channel, target) }),
          // Slack does not remember what was for one member's eyes.
          ...(!('to' in target) && { message: toMessageJson(service, target) }),
          state: { values: {} },
        };
    const { type, action_id } = element;
    const action = { type, action_id, block_id: block.block_id, action_ts: world.newTs(), ...chosen };
    const payload = {
      ...interactionOf(member, team),
      ...place,
      type: 'block_actions',
      trigger_id: trigger,
      actions: [action],
    };
    return happen('interactive', payload, { team: team.id, member: member.id, channel: channel?.id, trigger });
  };

  const find = (target: Target, isIt: (element: Element) => boolean): { block: Json; element: Element } | undefined => {
    const blocks = isView(target) ? target.json.blocks : target.blocks;
    for (const block of blocks) {
      const element = elementsOf(block).find(isIt);
      if (element) return { block, element };
    }
    return undefined;
  };
  const wordsOf = ({ text }: Element): string | undefined => (text as { text: string } | undefined)?.text;

  const closeView = (view: FakeView): FakeEvent | undefined => {
    view.isOpen = false;
    world.tell();
    if (view.json.notify_on_close !== true) return undefined;
    const { team } = placeOf(view);
    const member = world.members.get(view.member) ?? ADA;
    const payload = {
      ...interactionOf(member, team),
      type: 'view_closed',
      view: toViewJson(world, view),
      is_cleared: false,
    };
    return happen('interactive', payload, { team: team.id, member: member.id });
  };

  const conclude = (view: FakeView, response: Json | undefined): void => {
    const action = response?.response_action;
    if (action === 'errors') return;
    if (action === 'update') {
      replaceView(world, view, checkView(response?.view, 'modal'));
      return;
    }
    if (action === 'push') {
      addView(
        world,
        checkView(response?.view, 'modal'),
        { member: view.member, team: view.team, trigger: undefined },
        view,
      );
      return;
    }
    const gone = [...world.views.values()].filter(({ rootId }) => rootId === view.rootId);
    for (const each of action === 'clear' ? gone : [view]) each.isOpen = false;
    world.tell();
  };

  const told = new Set<Ephemeral>();

  return {
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

    command(name: string, text = '', given: Given = {}): FakeEvent {
      const { member = ADA, channel = garden } = given;
      const team = teamOf(channel);
      const trigger = world.newTrigger(member.id, team.id);
      const payload = {
        ...{ token: 'a-verification-token', api_app_id: APP_ID, is_enterprise_install: 'false' },
        ...{ command: name.startsWith('/') ? name : `/${name}`, text, trigger_id: trigger },
        ...{ user_id: member.id, user_name: member.name.toLowerCase(), team_id: team.id, team_domain: team.domain },
        channel_id: channel.id,
        channel_name: channelJson(channel).name,
        response_url: responseUrl(member, channel),
      };
      const event = happen('slash_commands', payload, {
        team: team.id,
        member: member.id,
        channel: channel.id,
        trigger,
      });
      void acknowledged(event).then(
        ({ response }) => showAcknowledgement(event, response),
        () => undefined,
      );
      return event;
    },

    /** From the menu of a message. */
    shortcut(callbackId: string, message: FakeMessage, given: Given = {}): FakeEvent {
      const channel = world.channels.get(message.channel) ?? garden;
      const { member = ADA } = given;
      const team = teamOf(channel);
      const trigger = world.newTrigger(member.id, team.id);
      const payload = {
        ...{ ...interactionOf(member, team), type: 'message_action', callback_id: callbackId, trigger_id: trigger },
        ...{ action_ts: world.newTs(), message_ts: message.ts, response_url: responseUrl(member, channel, message) },
        ...{ channel: channelJson(channel), message: toMessageJson(service, message) },
      };
      return happen('interactive', payload, { team: team.id, member: member.id, channel: channel.id, trigger });
    },

    /** From the menu beside the box where people write, or from the search. */
    globalShortcut(callbackId: string, given: Given = {}): FakeEvent {
      const { member = ADA, channel = garden } = given;
      const team = teamOf(channel);
      const trigger = world.newTrigger(member.id, team.id);
      const payload = { type: 'shortcut', callback_id: callbackId, trigger_id: trigger, action_ts: world.newTs() };
      return happen(
        'interactive',
        { ...interactionOf(member, team), ...payload },
        { team: team.id, member: member.id, trigger },
      );
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

    /** A member's own message with pictures, of which the bot is not told. */
    post: (attached: FakeFile[], given: Written & { text?: string } = {}): FakeMessage =>
      write(given.text ?? 'look', { ...given, files: attached, in: given.channel ?? garden }),

    /** `text` is what follows the bot's name. */
    mention(text: string, given: Written = {}): FakeEvent {
      const { channel = garden, member = ADA } = given;
      if (!channel.hasBot) throw new Error('Slack does not tell a bot of mentions in a channel that it is not in');
      const message = write(`<@${teamOf(channel).botUserId}> ${text}`, { ...given, in: channel });
      const { subtype: _, ...json } = toMessageJson(service, message);
      const event = {
        ...json,
        type: 'app_mention',
        channel: channel.id,
        event_ts: message.ts,
        client_msg_id: message.ts,
      };
      return tellOfEvent(event, channel, member.id, message);
    },

    /** A member writes to the bot alone. */
    direct(text: string, given: Omit<Written, 'channel'> = {}): FakeEvent {
      const { member = ADA } = given;
      const channel = world.directChannelOf(member.id);
      const message = write(text, { ...given, in: channel });
      const more = { channel: channel.id, channel_type: 'im', event_ts: message.ts, client_msg_id: message.ts };
      return tellOfEvent({ ...toMessageJson(service, message), ...more }, channel, member.id, message);
    },

    openHome(member: FakeMember = ADA): FakeEvent {
      const channel = world.directChannelOf(member.id);
      const known = world.homes.get(member.id);
      const event = {
        ...{ type: 'app_home_opened', user: member.id, channel: channel.id, tab: 'home', event_ts: world.newTs() },
        ...(known && { view: toViewJson(world, known) }),
      };
      return tellOfEvent(event, channel, member.id);
    },

    press(target: Target, label: string, given: Given = {}): FakeEvent {
      const found = find(target, (element) => element.type === 'button' && wordsOf(element) === label);
      if (!found) throw new Error(`There is no button "${label}" there:\n${describe()}`);
      const { text, value } = found.element;
      return act(target, found.block, found.element, { text, ...(value !== undefined && { value }) }, given);
    },

    /** As a client would that still shows an older state of the message. */
    pressById: (target: Target, actionId: string, value: string, given: Given = {}): FakeEvent =>
      act(target, { block_id: 'older' }, { type: 'button', action_id: actionId }, { value }, given),

    /** Chooses in a menu, by its action and an option's value or words, or an id. */
    select(target: Target, actionId: string, chosen: Entered, given: Given = {}): FakeEvent {
      const found = find(target, ({ action_id }) => action_id === actionId);
      if (!found) throw new Error(`There is no "${actionId}" there:\n${describe()}`);
      const { type: _, ...state } = enter(service, found.element, chosen);
      if (isView(target)) remember(target, found.block, found.element, { type: found.element.type, ...state });
      if (found.block.type === 'input' && found.block.dispatch_action !== true) {
        throw new Error(`Slack tells the bot of "${actionId}" when the form is sent, for it has no dispatch_action`);
      }
      return act(target, found.block, found.element, state, given);
    },

    /** Sends a form with these fields changed, by their action. Resolves once the bot has acknowledged it. */
    async submit(view: FakeView, values: Record<string, Entered> = {}, given: Given = {}): Promise<Submitted> {
      if (!view.isOpen) throw new Error('That view is closed');
      for (const [actionId, entered] of Object.entries(values)) {
        const found = find(view, ({ action_id }) => action_id === actionId);
        if (!found) throw new Error(`There is no "${actionId}" in the form:\n${JSON.stringify(view.json, null, 2)}`);
        remember(view, found.block, found.element, enter(service, found.element, entered));
      }
      const missing = leftEmpty(view);
      if (missing.length > 0)
        throw new Error(`Slack does not send the form before these are filled: ${missing.join(', ')}`);
      const { team } = placeOf(view);
      const member = given.member ?? world.members.get(view.member) ?? ADA;
      const trigger = world.newTrigger(member.id, team.id, view.id);
      const payload = {
        ...interactionOf(member, team),
        type: 'view_submission',
        trigger_id: trigger,
        view: toViewJson(world, view),
        response_urls: view.json.blocks.flatMap((block) =>
          elementsOf(block).flatMap((element) => {
            const state = view.state[String(block.block_id)]?.[String(element.action_id)];
            const id = state?.selected_conversation ?? state?.selected_channel;
            const channel = world.channels.get(String(id));
            if (element.response_url_enabled !== true || !channel) return [];
            const { block_id } = block;
            return [
              { block_id, action_id: element.action_id, channel_id: id, response_url: responseUrl(member, channel) },
            ];
          }),
        ),
      };
      const event = happen('interactive', payload, { team: team.id, member: member.id, trigger });
      const { response } = await acknowledged(event);
      try {
        conclude(view, response);
      } catch (error) {
        faults.push(`The answer to a form: ${error} ${JSON.stringify((error as { details?: Json }).details)}`);
        throw error;
      }
      return Object.assign(event, response as Pick<Submitted, 'response_action' | 'errors'> | undefined);
    },

    /** The same event again, as Slack does when it saw no acknowledgement. */
    redeliver(event: FakeEvent): FakeEvent {
      delivery.send(event, { number: event.deliveries, reason: 'timeout' });
      return event;
    },

    /** What only that member was told next: each sentence once. */
    async told(member: FakeMember = ADA): Promise<string> {
      const next = await untilItIs(() => world.ephemerals.find((each) => each.to === member.id && !told.has(each)));
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

  function remember(view: FakeView, block: Json, { action_id }: Element, value: Json): void {
    const id = String(block.block_id);
    view.state[id] = { ...view.state[id], [String(action_id)]: value };
  }

  /** A command may be answered in its acknowledgement. */
  function showAcknowledgement({ member, channel = '', payload }: FakeEvent, response: Json | undefined): void {
    const {
      text = '',
      blocks = [],
      response_type: type,
    } = (response ?? {}) as { text?: string; blocks?: Json[]; response_type?: string };
    if (!text && blocks.length === 0) return;
    if (type === 'in_channel') {
      const user = world.teams.get(String(payload.team_id))?.botUserId ?? BOT_USER_ID;
      world.keep({
        ts: world.newTs(),
        channel,
        thread: undefined,
        user,
        isFromBot: true,
        subtype: 'bot_message',
        text,
        blocks,
        ...{ metadata: undefined, files: [], reactions: [], edits: [] },
      });
      return;
    }
    world.ephemerals.push({
      ts: world.newTs(),
      to: member,
      channel,
      thread: undefined,
      text,
      blocks,
      via: 'acknowledgement',
    });
    world.tell();
  }
}
