// The first of two presses of one button is the one that counts, unless it could not be kept: then the member is told so, and the next counts.
import type { Notes } from '../queue/notes.ts';
import { soon } from './soon.ts';

/** False where another press within the time is `act`ed on already. */
export async function actOnFirst(
  notes: Pick<Notes, 'isHere' | 'claim' | 'release'>,
  { name, withinMs }: { name: string; withinMs: number },
  act: () => Promise<void>,
): Promise<boolean> {
  if (withinMs > 0 && !(await soon(notes, () => notes.claim(name, withinMs)).inTime)) return false;
  try {
    await act();
    return true;
  } catch (error) {
    if (withinMs > 0) void notes.release(name).catch(() => undefined);
    throw error;
  }
}
