// What is left to do for something that was acknowledged.
import type { ParsedCommand } from '../command.ts';
import type { ButtonPress } from '../platform.ts';
import type { Origin } from './origin.ts';

export type Item =
  | {
      kind: 'animate';
      origin: Origin;
      text: string | ParsedCommand;
      /** Who is mentioned in a text, by id: their names are put in when it is read. */
      mentioned?: string[];
      /** `isOwn`: uploaded with this very command. `of`: how many pictures it was chosen from, unasked. */
      picture: { file: string; isOwn?: boolean; of?: number } | { ofRender: string };
    }
  | { kind: 'press'; origin: Origin; action: ButtonPress['action']; renderId: string };
