// Members who press, choose, and fill in forms; what the bot answers to a form becomes of its view.
import { type Element, elementsOf } from './block-kit.ts';
import { toMessageJson } from './chat.ts';
import type { Teller } from './events.ts';
import { type Entered, enter, leftEmpty } from './form.ts';
import type { Service } from './method.ts';
import { addView, checkView, replaceView, toViewJson } from './views.ts';
import type { Ephemeral, FakeChannel, FakeEvent, FakeMember, FakeMessage, FakeTeam, FakeView, Json } from './world.ts';

export type Target = FakeMessage | Ephemeral | FakeView;

/** What came of a form: `response_action` and `errors`, if the bot answered with any. */
export type Submitted = FakeEvent & { response_action?: string; errors?: Record<string, string> };

const isView = (target: Target): target is FakeView => 'rootId' in target;
const wordsOf = ({ text }: Element): string | undefined => (text as { text: string } | undefined)?.text;

export function createInteractions(
  service: Service,
  tell: Teller,
  acknowledged: (event: FakeEvent) => Promise<FakeEvent>,
) {
  const { world, faults } = service;

  const placeOf = (target: Target): { channel: FakeChannel | undefined; team: FakeTeam } => {
    const channel = isView(target) ? undefined : world.channels.get(target.channel);
    const team = world.teams.get(isView(target) ? target.team : (channel?.team ?? ''));
    if (!team) throw new Error('That is of no workspace');
    return { channel, team };
  };

  /** Whoever sees it: of a view or an ephemeral message, only one member does. */
  const viewerOf = (target: Target, given: FakeMember | undefined): FakeMember => {
    const [first] = world.members.values();
    const id = isView(target) ? target.member : 'to' in target ? target.to : first?.id;
    const member = given ?? world.members.get(id ?? '');
    if (!member) throw new Error('Nobody sees that');
    return member;
  };

  const find = (target: Target, isIt: (element: Element) => boolean): { block: Json; element: Element } | undefined => {
    const blocks = isView(target) ? target.json.blocks : target.blocks;
    for (const block of blocks) {
      const element = elementsOf(block).find(isIt);
      if (element) return { block, element };
    }
    return undefined;
  };

  const named = (target: Target, actionId: string): { block: Json; element: Element } => {
    const found = find(target, ({ action_id }) => action_id === actionId);
    const blocks = isView(target) ? target.json.blocks : target.blocks;
    if (!found) throw new Error(`There is no "${actionId}" there:\n${JSON.stringify(blocks, null, 2)}`);
    return found;
  };

  const remember = (view: FakeView, block: Json, { action_id }: Element, value: Json): void => {
    const id = String(block.block_id);
    view.state[id] = { ...view.state[id], [String(action_id)]: value };
  };

  const placeJson = (target: Target, member: FakeMember, channel: FakeChannel | undefined): Json => {
    if (isView(target)) return { container: { type: 'view', view_id: target.id }, view: toViewJson(world, target) };
    const isEphemeral = 'to' in target;
    return {
      container: {
        ...{ type: 'message', message_ts: target.ts, channel_id: target.channel, is_ephemeral: isEphemeral },
        ...(target.thread !== undefined && { thread_ts: target.thread }),
      },
      ...(channel && { channel: tell.channelJson(channel), response_url: tell.responseUrl(member, channel, target) }),
      // Slack does not remember what was for one member's eyes.
      ...(!isEphemeral && { message: toMessageJson(service, target) }),
      state: { values: {} },
    };
  };

  /** A member uses an element: the bot is told where it stands and what was chosen. */
  const act = (target: Target, block: Json, element: Element, chosen: Json, who?: FakeMember): FakeEvent => {
    const { channel, team } = placeOf(target);
    const member = viewerOf(target, who);
    const trigger = world.newTrigger(member.id, team.id, isView(target) ? target.id : undefined);
    const { type, action_id } = element;
    const action = { type, action_id, block_id: block.block_id, action_ts: world.newTs(), ...chosen };
    const payload = {
      ...{ ...tell.interactionOf(member, team), ...placeJson(target, member, channel) },
      ...{ type: 'block_actions', trigger_id: trigger, actions: [action] },
    };
    return tell.happen('interactive', payload, { team: team.id, member: member.id, channel: channel?.id, trigger });
  };

  /** What the bot's answer to a form makes of its view. */
  const conclude = (view: FakeView, response: Json | undefined): void => {
    const action = response?.response_action;
    if (action === 'errors') return;
    if (action === 'update') {
      replaceView(world, view, checkView(response?.view, 'modal'));
      return;
    }
    if (action === 'push') {
      const { member, team } = view;
      addView(world, checkView(response?.view, 'modal'), { member, team, trigger: undefined }, view);
      return;
    }
    const stack = [...world.views.values()].filter(({ rootId }) => rootId === view.rootId);
    for (const each of action === 'clear' ? stack : [view]) each.isOpen = false;
    world.tell();
  };

  const responseUrlsOf = (view: FakeView, member: FakeMember): Json[] =>
    view.json.blocks.flatMap((block) =>
      elementsOf(block).flatMap(({ action_id, response_url_enabled: isWanted }) => {
        const state = view.state[String(block.block_id)]?.[String(action_id)];
        const channel = world.channels.get(String(state?.selected_conversation ?? state?.selected_channel));
        if (isWanted !== true || !channel) return [];
        const { block_id } = block;
        return [{ block_id, action_id, channel_id: channel.id, response_url: tell.responseUrl(member, channel) }];
      }),
    );

  return {
    press(target: Target, label: string, given: { member?: FakeMember } = {}): FakeEvent {
      const found = find(target, (element) => element.type === 'button' && wordsOf(element) === label);
      const blocks = isView(target) ? target.json.blocks : target.blocks;
      if (!found) throw new Error(`There is no button "${label}" there:\n${JSON.stringify(blocks, null, 2)}`);
      const { text, value } = found.element;
      return act(target, found.block, found.element, { text, ...(value !== undefined && { value }) }, given.member);
    },

    /** As a client would that still shows an older state of the message. */
    pressById: (target: Target, actionId: string, value: string, given: { member?: FakeMember } = {}): FakeEvent =>
      act(target, { block_id: 'older' }, { type: 'button', action_id: actionId }, { value }, given.member),

    /** Chooses in a menu, by its action and an option's value or words, or an id. */
    select(target: Target, actionId: string, chosen: Entered, given: { member?: FakeMember } = {}): FakeEvent {
      const { block, element } = named(target, actionId);
      if (block.type === 'input' && block.dispatch_action !== true) {
        throw new Error(`Slack tells the bot of "${actionId}" when the form is sent, for it has no dispatch_action`);
      }
      const state = enter(service, element, chosen);
      if (isView(target)) remember(target, block, element, state);
      return act(target, block, element, state, given.member);
    },

    /** Sends a form with these fields changed, by their action. Resolves once the bot has acknowledged it. */
    async submit(
      view: FakeView,
      values: Record<string, Entered> = {},
      given: { member?: FakeMember } = {},
    ): Promise<Submitted> {
      if (!view.isOpen) throw new Error('That view is closed');
      for (const [actionId, entered] of Object.entries(values)) {
        const { block, element } = named(view, actionId);
        remember(view, block, element, enter(service, element, entered));
      }
      const missing = leftEmpty(view);
      if (missing.length > 0) throw new Error(`Slack does not send the form without these: ${missing.join(', ')}`);
      const { team } = placeOf(view);
      const member = viewerOf(view, given.member);
      const trigger = world.newTrigger(member.id, team.id, view.id);
      const payload = {
        ...{ ...tell.interactionOf(member, team), type: 'view_submission', trigger_id: trigger },
        ...{ view: toViewJson(world, view), response_urls: responseUrlsOf(view, member) },
      };
      const event = tell.happen('interactive', payload, { team: team.id, member: member.id, trigger });
      const { response } = await acknowledged(event);
      try {
        conclude(view, response);
      } catch (error) {
        faults.push(`The answer to a form: ${error} ${JSON.stringify((error as { details?: Json }).details)}`);
        throw error;
      }
      return Object.assign(event, response as Pick<Submitted, 'response_action' | 'errors'> | undefined);
    },

    close(view: FakeView): FakeEvent | undefined {
      view.isOpen = false;
      world.tell();
      // The bot is told of it only if the view asks for that.
      if (view.json.notify_on_close !== true) return undefined;
      const { team } = placeOf(view);
      const member = viewerOf(view, undefined);
      const payload = { type: 'view_closed', view: toViewJson(world, view), is_cleared: false };
      const whole = { ...tell.interactionOf(member, team), ...payload };
      return tell.happen('interactive', whole, { team: team.id, member: member.id });
    },
  };
}
