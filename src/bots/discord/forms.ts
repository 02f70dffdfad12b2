// The forms: the words for a picture from a message's menu, and an Edit button's. Their ids say only what they belong to.
import {
  type APISelectMenuOption,
  LabelBuilder,
  ModalBuilder,
  type ModalSubmitFields,
  StringSelectMenuBuilder,
  TextInputBuilder,
  TextInputStyle,
} from 'discord.js';
import { LONGEST_PROMPT, QUALITIES, RESOLUTIONS } from '../../limits.ts';
import type { Quality, Resolution } from '../../render.ts';
import { DEFAULT_SECONDS, type ParsedCommand, parseOptions } from '../command.ts';
import type { Words } from '../languages/words.ts';
import type { View } from '../view.ts';
import { cut } from './drawing.ts';
import type { MessagePicture } from './pictures.ts';

/** Discord shows at most 25 options; a label has at most 45 characters, which its builder makes sure of. */
const MOST_OPTIONS = 25;

export function readFormId(customId: string): { form: 'pictures' | 'edit'; of: string } | undefined {
  const [, form, of] = /^(pictures|edit)-form:([\w-]{1,80})$/.exec(customId) ?? [];
  return of === undefined ? undefined : { form: form as 'pictures' | 'edit', of };
}

/** Asks for the words, and for which of a message's pictures where it has several. */
export function createPicturesForm(of: string, pictures: MessagePicture[], words: Words): ModalBuilder {
  const form = new ModalBuilder().setCustomId(`pictures-form:${of}`).setTitle(words.chat.modalTitle);
  if (pictures.length > 1) {
    const options = pictures.slice(0, MOST_OPTIONS).map(({ name }, index) => ({
      label: cut(`${index + 1}. ${name}`, 100),
      value: String(index),
      default: index === 0,
    }));
    form.addLabelComponents(select('picture', words.chat.pickPicture, options));
  }
  return form.addLabelComponents(prompt('', words), size('480p', 'fast', words), seconds(DEFAULT_SECONDS, words));
}

export function createEditForm(renderId: string, request: View['request'], words: Words): ModalBuilder {
  return new ModalBuilder()
    .setCustomId(`edit-form:${renderId}`)
    .setTitle(words.chat.modalTitle)
    .addLabelComponents(
      prompt(request.prompt, words),
      size(request.resolution, request.quality, words),
      seconds(request.seconds, words),
      text('seed', words.commands.seed.description, String(request.seed)),
      text('negative', words.commands.negative.description, request.negative, LONGEST_PROMPT),
    );
}

/**
 * Throws a UserError with the sentence for what is wrong. `picture` is the number of the one that was picked; `named` spells out
 * whom and what a text mentions.
 */
export function readForm(
  fields: ModalSubmitFields,
  named: (text: string) => string,
): { command: ParsedCommand; picture: number } {
  const has = (id: string): boolean => fields.fields.has(id);
  const typed = (id: string): string => (has(id) ? fields.getTextInputValue(id).trim() : '');
  const picked = (id: string): string | undefined => (has(id) ? fields.getStringSelectValues(id)[0] : undefined);
  const [resolution, quality] = picked('size')?.split(' ') ?? [];
  const command = parseOptions({
    prompt: named(typed('prompt')),
    negative: named(typed('negative')),
    resolution,
    quality,
    seconds: typed('seconds') || undefined,
    seed: typed('seed') || undefined,
  });
  return { command, picture: Number(picked('picture') ?? 0) };
}

function prompt(value: string, words: Words): LabelBuilder {
  const input = new TextInputBuilder()
    .setCustomId('prompt')
    .setStyle(TextInputStyle.Paragraph)
    .setMaxLength(LONGEST_PROMPT)
    .setRequired(true);
  if (value !== '') input.setValue(value);
  return new LabelBuilder().setLabel(words.commands.prompt.description).setTextInputComponent(input);
}

function text(id: string, label: string, value: string, longest = 20): LabelBuilder {
  const input = new TextInputBuilder()
    .setCustomId(id)
    .setStyle(TextInputStyle.Short)
    .setRequired(false)
    .setMaxLength(longest);
  if (value !== '') input.setValue(value);
  return new LabelBuilder().setLabel(label).setTextInputComponent(input);
}

function seconds(value: number, words: Words): LabelBuilder {
  return text('seconds', words.commands.seconds.description, String(value));
}

/** Both in one, because a form has five fields at most. */
function size(resolution: Resolution, quality: Quality, { commands }: Words): LabelBuilder {
  const options = RESOLUTIONS.flatMap((each) =>
    QUALITIES.map((how) => ({
      label: cut(`${each === '480p' ? commands.quick : commands.sharp} · ${commands[how]}`, 100),
      value: `${each} ${how}`,
      default: each === resolution && how === quality,
    })),
  );
  return select('size', commands.size, options);
}

function select(id: string, label: string, options: APISelectMenuOption[]): LabelBuilder {
  return new LabelBuilder()
    .setLabel(label)
    .setStringSelectMenuComponent(new StringSelectMenuBuilder().setCustomId(id).addOptions(options));
}
