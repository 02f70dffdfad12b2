// What a member has entered in a view, in the shape in which Slack hands it to the bot, and what its client lets nobody enter.
import { type Element, elementsOf } from './block-kit.ts';
import { toFileJson } from './file-json.ts';
import type { Service } from './method.ts';
import type { FakeFile, FakeView, Json } from './world.ts';

const LARGEST_INPUT_FILE = 10 * 2 ** 20;

type State = FakeView['state'];
/** Text, an option's value or words, an id, several of these, or files. */
export type Entered = string | string[] | { files: FakeFile[] };

interface Option {
  text: { text: string };
  value: string;
}

const initialOf = (element: Element): Json | undefined => {
  const { type } = element;
  const from = (name: string, initial: string, otherwise: unknown = null) => ({
    type,
    [name]: element[initial] ?? otherwise,
  });
  if (type === 'plain_text_input' || type === 'number_input') return from('value', 'initial_value');
  if (type === 'static_select' || type === 'radio_buttons') return from('selected_option', 'initial_option');
  if (type === 'checkboxes' || type === 'multi_static_select') return from('selected_options', 'initial_options', []);
  if (type === 'conversations_select') return from('selected_conversation', 'initial_conversation');
  if (type === 'multi_conversations_select') return from('selected_conversations', 'initial_conversations', []);
  if (type === 'channels_select') return from('selected_channel', 'initial_channel');
  if (type === 'users_select') return from('selected_user', 'initial_user');
  if (type === 'multi_users_select') return from('selected_users', 'initial_users', []);
  if (type === 'file_input') return { type, files: [] };
  return undefined;
};

export function stateOf(blocks: Json[], before: State = {}): State {
  const state: State = {};
  for (const block of blocks) {
    for (const element of elementsOf(block)) {
      const [block_, action] = [String(block.block_id), String(element.action_id)];
      const value = before[block_]?.[action] ?? initialOf(element);
      if (value) state[block_] = { ...state[block_], [action]: value };
    }
  }
  return state;
}

export function optionsOf(element: Element): Option[] {
  const { options, option_groups: groups } = element as { options?: Option[]; option_groups?: { options: Option[] }[] };
  return options ?? groups?.flatMap((group) => group.options) ?? [];
}

function pick(element: Element, named: string): Option {
  const option = optionsOf(element).find(({ value, text }) => value === named || text.text === named);
  const known = optionsOf(element).map(({ value }) => value);
  if (!option) throw new Error(`There is no option "${named}" in ${element.action_id}, only: ${known.join(', ')}`);
  return option;
}

function giveFiles(service: Service, element: Element, files: FakeFile[]): Json {
  const { filetypes, max_files: most = 10 } = element as { filetypes?: string[]; max_files?: number };
  for (const { name, bytes } of files) {
    const extension = name.split('.').at(-1)?.toLowerCase() ?? '';
    if (filetypes && !filetypes.includes(extension))
      throw new Error(`Slack's form takes ${filetypes.join(', ')}, not ${name}`);
    if (bytes.length > LARGEST_INPUT_FILE)
      throw new Error(`Slack's form takes 10 MB, not ${bytes.length} bytes of ${name}`);
  }
  if (files.length > most) throw new Error(`Slack's form takes ${most} files, not ${files.length}`);
  for (const file of files) file.isGiven = true;
  return { type: element.type, files: files.map((file) => toFileJson(service, file)) };
}

/** The state of one element after a member has entered something. */
export function enter(service: Service, element: Element, entered: Entered): Json {
  const { type } = element;
  if (typeof entered === 'object' && 'files' in entered) return giveFiles(service, element, entered.files);
  const several = [entered].flat();
  const [one = ''] = several;
  if (type === 'plain_text_input' || type === 'number_input') {
    const { max_length: most = 3000, min_length: least = 0 } = element as { max_length?: number; min_length?: number };
    if (one.length > most || (one && one.length < least)) {
      throw new Error(`Slack's form takes ${least} to ${most} characters in ${element.action_id}, not ${one.length}`);
    }
    return { type, value: one === '' ? null : one };
  }
  if (['static_select', 'radio_buttons', 'overflow'].includes(type))
    return { type, selected_option: pick(element, one) };
  if (type === 'checkboxes' || type === 'multi_static_select') {
    return { type, selected_options: several.filter(Boolean).map((each) => pick(element, each)) };
  }
  if (type === 'conversations_select') return { type, selected_conversation: one };
  if (type === 'channels_select') return { type, selected_channel: one };
  if (type === 'users_select') return { type, selected_user: one };
  if (type === 'multi_users_select') return { type, selected_users: several };
  if (type === 'multi_conversations_select') return { type, selected_conversations: several };
  throw new Error(`Nobody can enter anything in a ${type}`);
}

const isEmpty = ({ type: _, ...rest }: Json): boolean =>
  Object.values(rest).every((value) => value === null || (Array.isArray(value) && value.length === 0));

/** The labels of inputs that Slack's client does not let a member leave empty. */
export function leftEmpty({ json, state }: FakeView): string[] {
  return json.blocks
    .filter((block) => block.type === 'input' && block.optional !== true)
    .filter((block) => Object.values(state[String(block.block_id)] ?? {}).every(isEmpty))
    .map(({ label }) => (label as { text: string }).text);
}
