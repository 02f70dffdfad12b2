// What to offer while a command is typed. Pure: a text and a caret in, suggestions out.
import { COMMAND_NAME, COMMAND_OPTIONS } from '../../command.ts';

export interface Suggestion {
  /** What takes the place of the word at the caret. */
  insert: string;
  label: string;
  description: string;
}

export interface Completion {
  /** The part of the text that an accepted suggestion replaces. */
  start: number;
  end: number;
  title: string;
  suggestions: Suggestion[];
  /**
   * Whether Enter takes the first one. Only where nothing else can be meant: while a prompt is written, Enter sends it.
   */
  isCertain: boolean;
}

/** Fewer letters than this are the beginning of too many ordinary words. */
const FEWEST_LETTERS = 2;

export function complete(text: string, caret: number): Completion | undefined {
  const before = text.slice(0, caret);
  if (/^\/\S*$/.test(before)) return completeCommand(before);
  if (!before.toLowerCase().startsWith(`${COMMAND_NAME} `) || isInsideQuotes(before)) return undefined;
  const word = /\S*$/.exec(before)?.[0] ?? '';
  const start = caret - word.length;
  const used = COMMAND_OPTIONS.filter((option) => new RegExp(`\\s${option.name}:`, 'i').test(text.slice(0, start)));
  const free = COMMAND_OPTIONS.filter((option) => !used.includes(option));

  const option = free.find(({ name }) => word.toLowerCase().startsWith(`${name}:`));
  if (option !== undefined) {
    const typed = word.slice(option.name.length + 1).toLowerCase();
    const values = option.values.filter(({ value }) => value.startsWith(typed) && value !== typed);
    const isTyped = option.values.some(({ value }) => value === typed);
    if (values.length === 0 || isTyped) return undefined;
    const suggestions = values.map(({ value, description }) => ({
      insert: `${option.name}:${value} `,
      label: value,
      description,
    }));
    return { start, end: caret, title: option.description, suggestions, isCertain: true };
  }

  const isOffered = word === '' ? isAtEndOfOptions(before) : word.length >= FEWEST_LETTERS;
  const suggestions = free
    .filter(({ name }) => name.startsWith(word.toLowerCase()))
    .map(({ name, description }) => ({ insert: `${name}:`, label: `${name}:`, description }));
  if (!isOffered || suggestions.length === 0) return undefined;
  return { start, end: caret, title: 'Options', suggestions, isCertain: false };
}

function completeCommand(typed: string): Completion | undefined {
  if (!COMMAND_NAME.startsWith(typed.toLowerCase())) return undefined;
  const suggestions = [
    { insert: `${COMMAND_NAME} `, label: COMMAND_NAME, description: 'Turn a picture and a sentence into a short clip' },
  ];
  return { start: 0, end: typed.length, title: 'Commands', suggestions, isCertain: true };
}

/** Right after the command, and after each finished option: where the next option usually comes. */
function isAtEndOfOptions(before: string): boolean {
  const last = before.trim().split(/\s+/).at(-1) ?? '';
  return last.toLowerCase() === COMMAND_NAME || COMMAND_OPTIONS.some(({ name }) => last.startsWith(`${name}:`));
}

function isInsideQuotes(before: string): boolean {
  return (before.match(/(?<!\\)"/g)?.length ?? 0) % 2 === 1;
}
