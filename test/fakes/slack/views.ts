// views.*: modals for whoever holds a fresh trigger, and the home tab.
import { faultsOfView, isTooLarge, withIds } from './block-kit.ts';
import { stateOf } from './form.ts';
import { type Call, type Methods, Refusal, refuseArguments, type Service } from './method.ts';
import { APP_ID, type FakeTeam, type FakeView, type Json, type Trigger, type World } from './world.ts';

const TRIGGER_MS = 3000;
const DEEPEST_STACK = 3;

export function toViewJson(world: World, view: FakeView): Json {
  const { id, team, type, json, hash, rootId, previousId, state } = view;
  return {
    ...{ id, team_id: team, type, hash, root_view_id: rootId, previous_view_id: previousId ?? null },
    ...{ private_metadata: '', callback_id: '', external_id: '', clear_on_close: false, notify_on_close: false },
    ...{ close: null, submit: null, app_id: APP_ID, app_installed_team_id: team, bot_id: world.teams.get(team)?.botId },
    ...json,
    state: { values: state },
  };
}

/** Slack's own check of a view, wherever it comes from: a method, or the acknowledgement of a form. */
export function checkView(given: unknown, type: FakeView['type']): FakeView['json'] {
  if (isTooLarge(given)) throw new Refusal('view_too_large', {}, true);
  const faults = faultsOfView(given);
  const view = given as FakeView['json'];
  if (faults.length === 0 && view.type !== type) faults.push(`[ERROR] expected a ${type} [json-pointer:/view/type]`);
  if (faults.length > 0) throw refuseArguments('invalid_arguments', faults);
  return view;
}

export function replaceView(world: World, view: FakeView, json: FakeView['json']): FakeView {
  const blocks = withIds(json.blocks, () => world.newId(''));
  // What a member has entered stays where the block and its action stay.
  const changed = { json: { ...json, blocks }, state: stateOf(blocks, view.state), hash: world.newTs() };
  Object.assign(view, changed, { updates: view.updates + 1 });
  world.tell();
  return view;
}

export function addView(
  world: World,
  json: FakeView['json'],
  of: Pick<FakeView, 'member' | 'team' | 'trigger'>,
  below?: FakeView,
) {
  const id = world.newId('V');
  const blocks = withIds(json.blocks, () => world.newId(''));
  const view: FakeView = {
    ...{ id, ...of, type: json.type as FakeView['type'], hash: world.newTs(), json: { ...json, blocks } },
    ...{ state: stateOf(blocks), rootId: below?.rootId ?? id, previousId: below?.id, isOpen: true, updates: 0 },
  };
  world.views.set(id, view);
  world.tell();
  return view;
}

export const depthOf = (world: World, view: FakeView): number =>
  [...world.views.values()].filter(({ rootId, isOpen }) => isOpen && rootId === view.rootId).length;

export function viewMethods({ world }: Service): Methods {
  const exchange = (id: string | undefined): Trigger => {
    const trigger = world.triggers.get(id ?? '');
    if (!trigger) throw new Refusal('invalid_trigger_id');
    if (trigger.isUsed) throw new Refusal('exchanged_trigger_id');
    if (Date.now() - trigger.sentAt > TRIGGER_MS) throw new Refusal('expired_trigger_id');
    trigger.isUsed = true;
    return trigger;
  };

  const requireUniqueId = (json: Json, team: FakeTeam, own?: FakeView): void => {
    const isTaken = [...world.views.values()].some(
      (each) => each !== own && each.isOpen && each.team === team.id && each.json.external_id === json.external_id,
    );
    if (json.external_id && isTaken) throw new Refusal('duplicate_external_id');
  };

  const requireHash = (given: Call['given'], view: FakeView): void => {
    if (given.hash !== undefined && given.hash !== view.hash) throw new Refusal('hash_conflict');
  };

  const show = (view: FakeView): Json => ({ view: toViewJson(world, view) });

  return {
    'views.open': {
      tier: 'tier4',
      arguments: { view: 'json!', trigger_id: 'text', interactivity_pointer: 'text' },
      run({ team, given }) {
        const json = checkView(given.view, 'modal');
        requireUniqueId(json, team);
        const trigger = exchange(given.trigger_id ?? given.interactivity_pointer);
        return show(addView(world, json, { member: trigger.member, team: team.id, trigger: trigger.id }));
      },
    },

    'views.push': {
      tier: 'tier4',
      arguments: { view: 'json!', trigger_id: 'text', interactivity_pointer: 'text' },
      run({ team, given }) {
        const json = checkView(given.view, 'modal');
        requireUniqueId(json, team);
        const trigger = exchange(given.trigger_id ?? given.interactivity_pointer);
        const below = world.views.get(trigger.view ?? '');
        if (!below?.isOpen || below.type !== 'modal') throw new Refusal('not_found');
        if (depthOf(world, below) >= DEEPEST_STACK) throw new Refusal('push_limit_reached');
        return show(addView(world, json, { member: trigger.member, team: team.id, trigger: trigger.id }, below));
      },
    },

    'views.update': {
      tier: 'tier4',
      arguments: { view: 'json!', view_id: 'text', external_id: 'text', hash: 'text' },
      run({ team, given }) {
        const view = [...world.views.values()].find(({ id, isOpen, json, team: of }) => {
          const isNamed = id === given.view_id || (given.external_id && json.external_id === given.external_id);
          return isOpen && isNamed && of === team.id;
        });
        const json = checkView(given.view, view?.type ?? 'modal');
        if (!view) throw new Refusal('not_found');
        requireHash(given, view);
        requireUniqueId(json, team, view);
        return show(replaceView(world, view, json));
      },
    },

    'views.publish': {
      tier: 'tier4',
      arguments: { view: 'json!', user_id: 'text!', hash: 'text' },
      run({ team, given }) {
        const json = checkView(given.view, 'home');
        if (!world.members.has(given.user_id)) {
          throw refuseArguments('invalid_arguments', ['[ERROR] invalid `user_id` [json-pointer:/user_id]']);
        }
        const known = world.homes.get(given.user_id);
        if (known) {
          requireHash(given, known);
          return show(replaceView(world, known, json));
        }
        const home = addView(world, json, { member: given.user_id, team: team.id, trigger: undefined });
        world.homes.set(given.user_id, home);
        world.tell();
        return show(home);
      },
    },
  };
}
