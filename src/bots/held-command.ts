// Refused commands that one press begins again: with what their refusal has offered, or once its condition is accepted.
import type { Offer } from '../errors.ts';
import type { Notes } from '../queue/notes.ts';

const HELD_SECONDS = 3600;

/** What the press adds to the command; `ok` is nothing, because something else was put right. */
export type Choice = Offer | 'ok';
export const CHOICES: readonly Choice[] = ['crop', 'pad', 'first_frame', 'ok'];

export type HeldCommands<Item> = ReturnType<typeof createHeldCommands<Item>>;

/** Items are plain JSON, as an inbox keeps them. `id` is that of the event that brought the command. */
export function createHeldCommands<Item>(notes: Pick<Notes, 'put' | 'get'>) {
  const nameOf = (id: string): string => `held:${id}`;
  return {
    hold: (id: string, item: Item): Promise<void> => notes.put(nameOf(id), JSON.stringify(item), HELD_SECONDS),

    /** Undefined once it was held for too long. */
    async find(id: string): Promise<Item | undefined> {
      const held = await notes.get(nameOf(id));
      return held === undefined ? undefined : (JSON.parse(held) as Item);
    },
  };
}

/** The id of the event that a press is: the same press twice is one render. */
export const heldEventId = (id: string, choice: Choice): string => `${id}-${choice}`;
