// What a member who waits for an acknowledgement may wait for Redis: chat services give three seconds in all.
import { OperationError } from '../errors.ts';
import type { Notes } from '../queue/notes.ts';

const REDIS_WITHIN_MS = 1800;

/** `inTime` is what Redis answers, or OperationError `redis_unavailable`. It is not asked at all while it is away. */
export function soon<Value>(
  notes: Pick<Notes, 'isHere'>,
  ask: () => Promise<Value>,
): { asked: Promise<Value> | undefined; inTime: Promise<Value> } {
  const late = new OperationError('redis_unavailable', 'Redis did not answer in time.');
  if (!notes.isHere) return { asked: undefined, inTime: Promise.reject(late) };
  const asked = ask();
  const inTime = new Promise<Value>((resolve, reject) => {
    const timer = setTimeout(() => reject(late), REDIS_WITHIN_MS);
    asked.then(resolve, reject).finally(() => clearTimeout(timer));
  });
  return { asked, inTime };
}
