// Block Kit's rules, so far as Slack documents them: which blocks and elements there are, where they may stand, how long they may be.
import { z } from 'zod';
import type { Json } from './world.ts';

const MESSAGE_BLOCKS = 50;
const VIEW_BLOCKS = 100;
const VIEW_BYTES = 250_000;

const plain = (longest: number) =>
  z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(longest),
    emoji: z.boolean().optional(),
  });
const mrkdwn = (longest: number) =>
  z.strictObject({ type: z.literal('mrkdwn'), text: z.string().min(1).max(longest), verbatim: z.boolean().optional() });
const text = (longest: number) => z.discriminatedUnion('type', [plain(longest), mrkdwn(longest)]);

const id = z.string().min(1).max(255);
const url = z.string().min(1).max(3000);
const confirm = z.strictObject({
  title: plain(100),
  text: text(300),
  confirm: plain(30),
  deny: plain(30),
  style: z.enum(['primary', 'danger']).optional(),
});
const option = z.strictObject({
  text: text(75),
  value: z.string().max(150),
  description: text(75).optional(),
  url: url.optional(),
});
const options = (most: number) => z.array(option).min(1).max(most);
const selectable = {
  action_id: id.optional(),
  placeholder: plain(150).optional(),
  confirm: confirm.optional(),
  focus_on_load: z.boolean().optional(),
};
const dispatch = z.strictObject({
  trigger_actions_on: z.array(z.enum(['on_enter_pressed', 'on_character_entered'])).min(1),
});
const conversationFilter = z.strictObject({
  include: z
    .array(z.enum(['im', 'mpim', 'private', 'public']))
    .min(1)
    .optional(),
  exclude_external_shared_channels: z.boolean().optional(),
  exclude_bot_users: z.boolean().optional(),
});
const groups = z
  .array(z.strictObject({ label: plain(75), options: options(100) }))
  .min(1)
  .max(100);

interface Choices {
  options?: unknown[];
  option_groups?: { options: unknown[] }[];
  initial_option?: unknown;
  initial_options?: unknown[];
}
const sameOption = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
/** What is chosen at first must be one of the options, letter by letter. */
const holdsInitial = (given: object): boolean => {
  const { options, option_groups: groups, initial_option: one, initial_options: several = [] } = given as Choices;
  const known = options ?? groups?.flatMap((group) => group.options) ?? [];
  return [one, ...several].every((each) => each === undefined || known.some((option_) => sameOption(option_, each)));
};
const INITIAL = 'initial option must exactly match one of the options';

const button = z.strictObject({
  type: z.literal('button'),
  text: plain(75),
  action_id: id.optional(),
  url: url.optional(),
  value: z.string().max(2000).optional(),
  style: z.enum(['primary', 'danger']).optional(),
  confirm: confirm.optional(),
  accessibility_label: z.string().max(75).optional(),
});
const image = {
  type: z.literal('image'),
  image_url: url.optional(),
  slack_file: z.strictObject({ id: z.string().optional(), url: z.string().optional() }).optional(),
  alt_text: z.string().min(1).max(2000),
};
const hasOneSource = (given: { image_url?: unknown; slack_file?: unknown }): boolean =>
  (given.image_url === undefined) !== (given.slack_file === undefined);
const imageElement = z.strictObject(image).refine(hasOneSource, 'one of image_url and slack_file is needed');
const staticSelect = z
  .strictObject({
    ...selectable,
    type: z.literal('static_select'),
    options: options(100).optional(),
    option_groups: groups.optional(),
    initial_option: option.optional(),
  })
  .refine(holdsInitial, INITIAL)
  .refine((given) => (given.options === undefined) !== (given.option_groups === undefined), 'options are needed');
const multiStaticSelect = z
  .strictObject({
    ...selectable,
    type: z.literal('multi_static_select'),
    options: options(100).optional(),
    option_groups: groups.optional(),
    initial_options: options(100).optional(),
    max_selected_items: z.int().min(1).optional(),
  })
  .refine(holdsInitial, INITIAL);
const conversations = {
  default_to_current_conversation: z.boolean().optional(),
  filter: conversationFilter.optional(),
};
const choosers = [
  button,
  imageElement,
  staticSelect,
  multiStaticSelect,
  z.strictObject({
    ...selectable,
    ...conversations,
    type: z.literal('conversations_select'),
    initial_conversation: z.string().optional(),
    response_url_enabled: z.boolean().optional(),
  }),
  z.strictObject({
    ...selectable,
    ...conversations,
    type: z.literal('multi_conversations_select'),
    initial_conversations: z.array(z.string()).optional(),
    max_selected_items: z.int().min(1).optional(),
  }),
  z.strictObject({
    ...selectable,
    type: z.literal('channels_select'),
    initial_channel: z.string().optional(),
    response_url_enabled: z.boolean().optional(),
  }),
  z.strictObject({ ...selectable, type: z.literal('users_select'), initial_user: z.string().optional() }),
  z.strictObject({
    ...selectable,
    type: z.literal('multi_users_select'),
    initial_users: z.array(z.string()).optional(),
    max_selected_items: z.int().min(1).optional(),
  }),
  z.strictObject({
    type: z.literal('overflow'),
    action_id: id.optional(),
    options: options(5),
    confirm: confirm.optional(),
  }),
  z
    .strictObject({
      type: z.literal('radio_buttons'),
      action_id: id.optional(),
      options: options(10),
      initial_option: option.optional(),
      confirm: confirm.optional(),
      focus_on_load: z.boolean().optional(),
    })
    .refine(holdsInitial, INITIAL),
  z
    .strictObject({
      type: z.literal('checkboxes'),
      action_id: id.optional(),
      options: options(10),
      initial_options: options(10).optional(),
      confirm: confirm.optional(),
      focus_on_load: z.boolean().optional(),
    })
    .refine(holdsInitial, INITIAL),
] as const;
const fields = [
  z.strictObject({
    type: z.literal('plain_text_input'),
    action_id: id.optional(),
    initial_value: z.string().max(3000).optional(),
    multiline: z.boolean().optional(),
    min_length: z.int().min(0).max(3000).optional(),
    max_length: z.int().min(1).max(3000).optional(),
    dispatch_action_config: dispatch.optional(),
    focus_on_load: z.boolean().optional(),
    placeholder: plain(150).optional(),
  }),
  z.strictObject({
    type: z.literal('number_input'),
    action_id: id.optional(),
    is_decimal_allowed: z.boolean(),
    // Slack wants these numbers as strings.
    initial_value: z.string().optional(),
    min_value: z.string().optional(),
    max_value: z.string().optional(),
    dispatch_action_config: dispatch.optional(),
    focus_on_load: z.boolean().optional(),
    placeholder: plain(150).optional(),
  }),
  z.strictObject({
    type: z.literal('file_input'),
    action_id: id.optional(),
    filetypes: z
      .array(z.string().regex(/^[a-z0-9]+$/, 'an extension without its dot'))
      .min(1)
      .optional(),
    max_files: z.int().min(1).max(10).optional(),
  }),
] as const;
const element = z.discriminatedUnion('type', choosers);
const inputElement = z.discriminatedUnion('type', [...choosers.slice(2), ...fields] as unknown as [typeof element]);

const blockId = { block_id: id.optional() };
const block = z.discriminatedUnion('type', [
  z
    .strictObject({
      ...blockId,
      type: z.literal('section'),
      text: text(3000).optional(),
      fields: z.array(text(2000)).min(1).max(10).optional(),
      accessory: element.optional(),
      expand: z.boolean().optional(),
    })
    .refine((given) => given.text !== undefined || given.fields !== undefined, 'text or fields are needed'),
  z.strictObject({ ...blockId, type: z.literal('divider') }),
  z.strictObject({ ...blockId, type: z.literal('header'), text: plain(150) }),
  z
    .strictObject({ ...blockId, ...image, title: plain(2000).optional() })
    .refine(hasOneSource, 'one of image_url and slack_file is needed'),
  z.strictObject({
    ...blockId,
    type: z.literal('context'),
    elements: z
      .array(z.union([imageElement, text(3000)]))
      .min(1)
      .max(10),
  }),
  z.strictObject({ ...blockId, type: z.literal('actions'), elements: z.array(element).min(1).max(25) }),
  z.strictObject({
    ...blockId,
    type: z.literal('input'),
    label: plain(2000),
    element: inputElement,
    hint: plain(2000).optional(),
    optional: z.boolean().optional(),
    dispatch_action: z.boolean().optional(),
  }),
  z.strictObject({ ...blockId, type: z.literal('rich_text'), elements: z.array(z.looseObject({ type: z.string() })) }),
  z.strictObject({ ...blockId, type: z.literal('markdown'), text: z.string().min(1).max(12_000) }),
  z.strictObject({
    ...blockId,
    type: z.literal('video'),
    alt_text: z.string().min(1).max(2000),
    title: plain(200),
    video_url: url,
    thumbnail_url: url,
    title_url: url.optional(),
    author_name: z.string().max(50).optional(),
    description: plain(200).optional(),
    provider_name: z.string().optional(),
    provider_icon_url: z.string().optional(),
  }),
]);

const VIEW = {
  private_metadata: z.string().max(3000).optional(),
  callback_id: z.string().max(255).optional(),
  external_id: z.string().max(255).optional(),
};
const view = z.discriminatedUnion('type', [
  z.strictObject({
    ...VIEW,
    type: z.literal('modal'),
    title: plain(24),
    submit: plain(24).optional(),
    close: plain(24).optional(),
    blocks: z.array(block).max(VIEW_BLOCKS),
    clear_on_close: z.boolean().optional(),
    notify_on_close: z.boolean().optional(),
    submit_disabled: z.boolean().optional(),
  }),
  z.strictObject({ ...VIEW, type: z.literal('home'), blocks: z.array(block).max(VIEW_BLOCKS) }),
]);

export interface Element extends Json {
  type: string;
  action_id?: string;
}

/** The elements of a block that people can use. */
export function elementsOf(given: Json): Element[] {
  const {
    elements,
    accessory,
    element: field,
  } = given as { elements?: Element[]; accessory?: Element; element?: Element };
  return [...(elements ?? []), accessory, field].filter(
    (each) => each !== undefined && each.type !== 'image',
  ) as Element[];
}

const toLine = (path: PropertyKey[], message: string): string => `[ERROR] ${message} [json-pointer:/${path.join('/')}]`;

function sameTwice(blocks: Json[], path: PropertyKey[]): string[] {
  const lines: string[] = [];
  const ids = new Set<unknown>();
  for (const [index, each] of blocks.entries()) {
    if (each.block_id !== undefined && ids.has(each.block_id)) {
      lines.push(toLine([...path, index, 'block_id'], `block_id "${each.block_id}" already exists`));
    }
    ids.add(each.block_id);
    const actions = elementsOf(each).flatMap(({ action_id: action }) => action ?? []);
    const twice = actions.find((action, place) => actions.indexOf(action) !== place);
    if (twice) lines.push(toLine([...path, index], `action_id "${twice}" already exists for this block`));
  }
  return lines;
}

/** What is wrong with the blocks of a message, in Slack's words and places. */
export function faultsOfBlocks(given: unknown): string[] {
  const { error, data } = z.array(block).max(MESSAGE_BLOCKS).safeParse(given);
  if (error) return error.issues.map(({ path, message }) => toLine(['blocks', ...path], message));
  const only = (data as Json[]).flatMap((each, index) =>
    elementsOf(each).some(({ type }) => type === 'file_input')
      ? [toLine(['blocks', index], 'file_input is for modals alone')]
      : [],
  );
  return [...only, ...sameTwice(data as Json[], ['blocks'])];
}

/** What is wrong with a view, in Slack's words and places. */
export function faultsOfView(given: unknown): string[] {
  const { error, data } = view.safeParse(given);
  if (error) return error.issues.map(({ path, message }) => toLine(['view', ...path], message));
  const lines = sameTwice(data.blocks as Json[], ['view', 'blocks']);
  const inputs = data.blocks.filter(({ type }) => type === 'input');
  if (data.type === 'modal' && inputs.length > 0 && !data.submit) {
    lines.push(toLine(['view'], 'a modal with an input block needs submit'));
  }
  if (
    data.type === 'home' &&
    (data.blocks as Json[]).some((each) => elementsOf(each).some((one) => one.type === 'file_input'))
  ) {
    lines.push(toLine(['view', 'blocks'], 'file_input is for modals alone'));
  }
  return lines;
}

export const isTooLarge = (given: unknown): boolean => Buffer.byteLength(JSON.stringify(given) ?? '') > VIEW_BYTES;

/** Slack gives every block and element an id if the bot did not. */
export function withIds(blocks: Json[], newId: () => string): Json[] {
  const named = (given: Element): Element =>
    ['image', 'mrkdwn', 'plain_text'].includes(given.type)
      ? given
      : { ...given, action_id: given.action_id ?? newId() };
  return blocks.map((given) => {
    const {
      elements,
      accessory,
      element: field,
    } = given as {
      elements?: Element[];
      accessory?: Element;
      element?: Element;
    };
    return {
      ...given,
      block_id: given.block_id ?? newId(),
      ...(elements && given.type === 'actions' && { elements: elements.map(named) }),
      ...(accessory && { accessory: named(accessory) }),
      ...(field && { element: named(field) }),
    };
  });
}
