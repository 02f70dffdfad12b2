// Renders as BullMQ jobs. A render becomes one when its turn has come: until then it is in the line alone, so that there is
// one order and not two. From then on BullMQ keeps it through locks, retries and workers that die.
import { Queue } from 'bullmq';
import { KEY_PREFIX, type Redis } from './redis.ts';

/** A render whose engine dies is tried on three engines in all. */
const MOST_ATTEMPTS = 3;

/** Finished jobs hold nothing that the records do not; a day of them helps whoever looks into the queue. */
const KEEP_FINISHED = { age: 24 * 3600, count: 10_000 };

export function openRendersQueue(redis: Redis, name: string): Queue<object, void> {
  const queue = new Queue<object, void>(name, { connection: redis, prefix: KEY_PREFIX });
  queue.on('error', () => undefined); // The shared connection's owner logs its errors.
  return queue;
}

/** The same render twice is one job. */
export async function addRender(queue: Queue, renderId: string): Promise<void> {
  await queue.add(
    'render',
    {},
    { jobId: renderId, attempts: MOST_ATTEMPTS, removeOnComplete: KEEP_FINISHED, removeOnFail: KEEP_FINISHED },
  );
}
