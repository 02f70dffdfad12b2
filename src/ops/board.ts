// The board of the queues, for reading: what is changed there would leave the line and the records as they are. The admins'
// commands keep them in step.
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyInstance } from 'fastify';

const BOARD_PATH = '/queues';

export type ShownQueue = ConstructorParameters<typeof BullMQAdapter>[0];

export async function serveBoard(app: FastifyInstance, queues: ShownQueue[]): Promise<void> {
  const adapter = new FastifyAdapter();
  createBullBoard({
    queues: queues.map((queue) => new BullMQAdapter(queue, { readOnlyMode: true })),
    serverAdapter: adapter,
    options: { uiConfig: { boardTitle: 'animate-bot' } },
  });
  adapter.setBasePath(BOARD_PATH);
  await app.register(adapter.registerPlugin(), { prefix: BOARD_PATH });
}
