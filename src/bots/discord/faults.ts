// What a member is told of an error on Discord.
import { describeFault as describe, type Markup } from '../faults.ts';
import type { Words } from '../languages/words.ts';
import { plain, toTimeOfDay } from './drawing.ts';

const MARKUP: Markup = {
  text: plain,
  code: (text) => `\`${text.replaceAll('`', '')}\``,
  time: toTimeOfDay,
  small: (marked) => `-# ${marked}`,
  community: 'server',
  namesOptions: 'form',
};

export const describeFault = (error: unknown, words: Words): string => describe(error, words, MARKUP);
