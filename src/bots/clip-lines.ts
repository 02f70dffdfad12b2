// The lines that stand in the place of a clip that a chat service did not take: whoever draws the message again needs them.
import type { Notes } from '../queue/notes.ts';

export function createClipLines(notes: Pick<Notes, 'get' | 'keep'>) {
  const nameOf = (renderId: string) => `lines:${renderId}`;
  return {
    keep: (renderId: string, lines: string[]): Promise<void> => notes.keep(nameOf(renderId), JSON.stringify(lines)),

    /** Empty where the clip is there. */
    async of(renderId: string): Promise<string[]> {
      const kept = await notes.get(nameOf(renderId));
      return kept === undefined ? [] : (JSON.parse(kept) as string[]);
    },
  };
}
