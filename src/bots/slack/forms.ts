// The form that asks for a picture and the words, however it was opened; what it was opened for travels in it.
import type { types, ViewStateValue } from '@slack/bolt';
import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { FITS, LONGEST_PROMPT, LONGEST_SECONDS, QUALITIES, RESOLUTIONS, SHORTEST_SECONDS } from '../../limits.ts';
import { TAKEN_EXTENSIONS } from '../../media/picture-kinds.ts';
import { DEFAULT_QUALITY, DEFAULT_RESOLUTION, DEFAULT_SECONDS, type ParsedCommand, parseOptions } from '../command.ts';
import type { Words } from '../languages/words.ts';
import type { View } from '../view.ts';
import { context, cut, escapeText, section } from './drawing.ts';
import { describeFieldFault } from './faults.ts';

export const FORM = 'animate_form';

/** What Slack shows of a title and a button's label, and of an option. */
const LONGEST_TITLE = 24;
const LONGEST_OPTION = 75;
const MOST_PICTURES = 10;

const purposeSchema = z.object({
  /** Undefined: the form asks for it. */
  channel: z.string().optional(),
  thread: z.string().optional(),
  /** The thread has a reply already. */
  isThreadThere: z.boolean().optional(),
  /** Pictures of a message, by id. */
  files: z.array(z.object({ id: z.string(), name: z.string() })).optional(),
  /** The render whose picture it is. */
  renderId: z.string().optional(),
});

/** What a form is for. Slack gives it back with what the member filled in; it is not secret, and not trusted with rights. */
export type Purpose = z.infer<typeof purposeSchema>;

export interface Filled {
  purpose: Purpose;
  command: ParsedCommand;
  channel: string | undefined;
  picture: { file: string; isOwn: boolean } | { ofRender: string };
}

/** Field by field, what is wrong with it. */
export class FormFaults extends Error {
  override readonly name = 'FormFaults';
  readonly faults: Record<string, string>;

  constructor(faults: Record<string, string>) {
    super('A form was filled in wrongly');
    this.faults = faults;
  }
}

export interface FormContents extends Purpose {
  request: Partial<View['request']> & Pick<ParsedCommand, 'fit' | 'frame'>;
  /** How the render that it is about stands. */
  headline?: string;
}

export function drawForm({ request, headline, ...purpose }: FormContents, words: Words): types.ModalView {
  const files = purpose.files?.slice(0, MOST_PICTURES).map(({ id, name }) => ({ id, name: cut(name, 60) }));
  const kept: Purpose = { ...purpose, ...(files && { files }) };
  const blocks: types.KnownBlock[] = [
    ...(headline === undefined ? [] : [context(escapeText(headline))]),
    ...drawPicture(kept, words),
    input('prompt', words.commands.prompt.description, {
      ...{ type: 'plain_text_input', multiline: true, max_length: LONGEST_PROMPT },
      ...(request.prompt && { initial_value: request.prompt }),
      ...(purpose.renderId === undefined && { focus_on_load: true }),
    }),
    drawSizes(request, words),
    explained('seconds', words.commands.seconds, {
      ...{ type: 'number_input', is_decimal_allowed: true },
      ...{ min_value: String(SHORTEST_SECONDS), max_value: String(LONGEST_SECONDS) },
      initial_value: String(request.seconds ?? DEFAULT_SECONDS),
    }),
    {
      ...explained('seed', words.commands.seed, drawText(request.seed === undefined ? '' : String(request.seed))),
      optional: true,
    },
    { ...input('negative', words.commands.negative.description, drawText(request.negative ?? '')), optional: true },
    // The picture of an earlier render fits already.
    ...(purpose.renderId === undefined ? drawFits(request, words) : []),
    ...(purpose.channel === undefined && purpose.renderId === undefined ? [drawChannels(words)] : []),
  ];
  return {
    ...{ type: 'modal', callback_id: FORM, private_metadata: JSON.stringify(kept) },
    title: text(words.chat.modalTitle, LONGEST_TITLE),
    submit: text(words.slack.animate, LONGEST_TITLE),
    close: text(words.buttons.cancel, LONGEST_TITLE),
    blocks,
  };
}

/** In the place of a form, when there is nothing to fill in. */
export function drawNotice(sentence: string, words: Words): types.ModalView {
  return { type: 'modal', title: text(words.chat.modalTitle, LONGEST_TITLE), blocks: [section(sentence)] };
}

type State = Record<string, Record<string, ViewStateValue>>;

/** Throws FormFaults. */
export function readForm(metadata: string, state: State, words: Words): Filled {
  const purpose = purposeSchema.parse(JSON.parse(metadata));
  const field = (name: string) => state[name]?.[name];
  const typed = (name: string): string => field(name)?.value?.trim() ?? '';
  const [resolution, quality] = field('size')?.selected_option?.value.split(' ') ?? [];
  const options = {
    prompt: typed('prompt'),
    negative: typed('negative'),
    resolution,
    quality,
    seconds: typed('seconds') || undefined,
    seed: typed('seed') || undefined,
    fit: field('fit')?.selected_option?.value,
    frame: field('frame')?.selected_option?.value,
  };
  requireFields(options, words);
  const file = purpose.files?.length === 1 ? purpose.files[0]?.id : field('picture')?.selected_option?.value;
  const uploaded = field('picture')?.files?.[0]?.id;
  return {
    purpose,
    command: parseOptions(options),
    channel: purpose.channel ?? field('channel')?.selected_conversation ?? undefined,
    picture:
      purpose.renderId === undefined
        ? { file: file ?? uploaded ?? '', isOwn: file === undefined }
        : { ofRender: purpose.renderId },
  };
}

/** Each field by itself, so that each fault is told where it was made. */
function requireFields(options: Parameters<typeof parseOptions>[0], words: Words): void {
  const good = { prompt: '-', negative: '', resolution: undefined, seconds: undefined };
  const faults: Record<string, string> = {};
  for (const name of ['prompt', 'negative', 'seconds', 'seed'] as const) {
    try {
      parseOptions({ ...good, [name]: options[name] });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      faults[name] = describeFieldFault(error, words);
    }
  }
  if (Object.keys(faults).length > 0) throw new FormFaults(faults);
}

function drawPicture({ files, renderId }: Purpose, words: Words): types.KnownBlock[] {
  if (renderId !== undefined || files?.length === 1) return [];
  if (files === undefined) {
    const element: types.FileInput = {
      ...{ type: 'file_input', action_id: 'picture', filetypes: [...TAKEN_EXTENSIONS], max_files: 1 },
    };
    return [input('picture', words.commands.picture.description, element)];
  }
  const options = files.map(({ id, name }, index) => option(`${index + 1}. ${name}`, id));
  const [first] = options;
  const element = { type: 'static_select' as const, options, ...(first && { initial_option: first }) };
  return [input('picture', words.chat.pickPicture, element)];
}

/** Both in one, because what takes long is what a member weighs. */
function drawSizes({ resolution, quality }: FormContents['request'], { commands }: Words): types.InputBlock {
  const options = RESOLUTIONS.flatMap((each) =>
    QUALITIES.map((how) =>
      option(`${each === '480p' ? commands.quick : commands.sharp} · ${commands[how]}`, `${each} ${how}`),
    ),
  );
  const chosen = `${resolution ?? DEFAULT_RESOLUTION} ${quality ?? DEFAULT_QUALITY}`;
  const initial = options.find(({ value }) => value === chosen);
  const element = { type: 'static_select' as const, options, ...(initial && { initial_option: initial }) };
  return input('size', commands.size, element);
}

/** For pictures of a shape or kind that is refused otherwise. */
function drawFits({ fit, frame }: FormContents['request'], { commands }: Words): types.InputBlock[] {
  const select = (options: types.PlainTextOption[], chosen: string | undefined) => {
    const initial = options.find(({ value }) => value === chosen);
    return { type: 'static_select' as const, options, ...(initial && { initial_option: initial }) };
  };
  const fits = FITS.map((each) => option(commands[each], each));
  return [
    { ...input('fit', commands.fit.description, select(fits, fit)), optional: true },
    {
      ...input('frame', commands.frame.description, select([option(commands.firstFrame, 'first')], frame)),
      optional: true,
    },
  ];
}

function drawText(value: string): types.PlainTextInput {
  return { type: 'plain_text_input', ...(value !== '' && { initial_value: value }) };
}

function drawChannels(words: Words): types.InputBlock {
  return input('channel', words.slack.channel, {
    ...{ type: 'conversations_select', default_to_current_conversation: true },
    filter: { include: ['public', 'private', 'im'], exclude_bot_users: false },
  });
}

/** A field's block and its action have its name. */
function input(name: string, label: string, element: types.InputBlock['element']): types.InputBlock {
  return { type: 'input', block_id: name, label: text(label, 2000), element: { ...element, action_id: name } };
}

/** A figure is named, and what it means is said below: its description alone does not say what of. */
function explained(
  name: string,
  { name: called, description }: { name: string; description: string },
  element: types.InputBlock['element'],
): types.InputBlock {
  const label = called.charAt(0).toUpperCase() + called.slice(1);
  return { ...input(name, label, element), hint: text(description, 2000) };
}

function option(label: string, value: string): types.PlainTextOption {
  return { text: text(label, LONGEST_OPTION), value };
}

function text(words: string, longest: number): types.PlainTextElement {
  return { type: 'plain_text', text: cut(words, longest) };
}
