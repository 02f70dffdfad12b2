// Every BullMQ queue there is, for a board that shows them.
import { Queue } from 'bullmq';
import { qualitySchema, resolutionSchema } from '../render.ts';
import { deliveriesQueue, inboxQueue, rendersQueue } from './names.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

const PLATFORMS = ['web', 'discord', 'slack'];

export function openBoard(redis: Redis): { queues: Queue[]; close(): Promise<void> } {
  const names = [
    ...resolutionSchema.options.flatMap((resolution) =>
      qualitySchema.options.map((quality) => rendersQueue(resolution, quality)),
    ),
    ...PLATFORMS.flatMap((platform) => [inboxQueue(platform), deliveriesQueue(platform)]),
  ];
  const queues = names.map((name) => {
    const queue = new Queue(name, { connection: redis, prefix: KEY_PREFIX, skipMetasUpdate: true });
    queue.on('error', () => undefined); // The shared connection's owner logs its errors.
    return queue;
  });
  return { queues, close: async () => void (await Promise.all(queues.map((queue) => queue.close()))) };
}
