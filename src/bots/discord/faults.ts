// What a member is told of an error on Discord.
import { describeFault as describe } from '../faults.ts';
import type { Words } from '../languages/words.ts';
import { plain } from './drawing.ts';

const MARKUP = { plain, small: (marked: string) => `-# ${marked}` };

export const describeFault = (error: unknown, words: Words): string => describe(error, words, MARKUP);
