// A command that was begun, so that its record can be made.
import { createBeginnings } from '../../src/queue/beginnings.ts';
import type { RenderRecord } from '../../src/queue/records.ts';
import type { Redis } from '../../src/queue/redis.ts';

export async function begin(redis: Redis, record: RenderRecord): Promise<void> {
  await createBeginnings(redis).begin(record, Date.now());
}
