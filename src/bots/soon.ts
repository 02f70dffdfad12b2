// What a member who waits for an acknowledgement may wait for Redis: chat services give three seconds in all.
import { OperationError } from '../errors.ts';
import type { Inbox } from '../queue/inbox.ts';
import type { Notes } from '../queue/notes.ts';
import { within } from '../within.ts';

const REDIS_WITHIN_MS = 1800;

/** `inTime` is what Redis answers, or OperationError `redis_unavailable`. It is not asked at all while it is away. */
export function soon<Value>(
  notes: Pick<Notes, 'isHere'>,
  ask: () => Promise<Value>,
): { asked: Promise<Value> | undefined; inTime: Promise<Value> } {
  const late = new OperationError('redis_unavailable', 'Redis did not answer in time.');
  if (!notes.isHere) return { asked: undefined, inTime: Promise.reject(late) };
  const asked = ask();
  const inTime = within(REDIS_WITHIN_MS, asked, () => {
    throw late;
  });
  return { asked, inTime };
}

export interface Keeping<Item> {
  notes: Pick<Notes, 'isHere'>;
  inbox: Pick<Inbox<Item>, 'put' | 'drop'>;
  id: string;
  item: Item;
  /** What has to be kept before it. */
  first?(): Promise<void>;
  /** The service sends it again if it is not told that it came: then it may as well be begun later. */
  comesAgain?: boolean;
}

/** Keeps an item, or throws: then it is not begun later either, unless it comes again, and the member can be told that nothing was started. */
export async function keepInTime<Item>({
  notes,
  inbox,
  id,
  item,
  first,
  comesAgain = false,
}: Keeping<Item>): Promise<void> {
  const keeping = soon(notes, async () => {
    await first?.();
    return inbox.put(id, item);
  });
  try {
    const letGo = await keeping.inTime;
    // If Redis goes away now, it is let go by the time.
    void letGo().catch(() => undefined);
  } catch (error) {
    if (!comesAgain) void keeping.asked?.then(() => inbox.drop(id)).catch(() => undefined);
    throw error;
  }
}
