// Whose commands are not taken: members and whole servers, by an admin's word or after too many refusals, for a time or for good.
import { KEY_PREFIX, type Redis } from './redis.ts';

export interface Blocked {
  kind: 'member' | 'server';
  id: string;
}

export interface Block extends Blocked {
  /** Milliseconds since the epoch; undefined is for good. */
  until: number | undefined;
  /** By itself, after too many refusals. */
  isAutomatic: boolean;
}

export type Blocks = ReturnType<typeof createBlocks>;

export function createBlocks(redis: Redis, now: () => number = Date.now) {
  const keyOf = (platform: string) => `${KEY_PREFIX}:blocks:${platform}`;
  const fieldOf = ({ kind, id }: Blocked) => `${kind}:${id}`;

  const read = (field: string, value: string): Block => {
    const [, kind, id] = /^(member|server):(.*)$/s.exec(field) ?? [];
    return {
      kind: kind as Block['kind'],
      id: id ?? '',
      ...(JSON.parse(value) as Pick<Block, 'until' | 'isAutomatic'>),
    };
  };
  const isOver = ({ until }: Block): boolean => until !== undefined && until <= now();

  return {
    /** Takes the place of one that there is. False if there was one already. */
    async block(platform: string, { until, isAutomatic, ...who }: Block): Promise<boolean> {
      const earlier = await this.find(platform, [who]);
      await redis.hset(keyOf(platform), fieldOf(who), JSON.stringify({ until, isAutomatic }));
      return earlier === undefined;
    },

    async unblock(platform: string, who: Blocked): Promise<boolean> {
      return (await redis.hdel(keyOf(platform), fieldOf(who))) === 1;
    },

    /** The first that holds for any of these. */
    async find(platform: string, whos: Blocked[]): Promise<Block | undefined> {
      const fields = whos.map(fieldOf);
      const values = await redis.hmget(keyOf(platform), ...fields);
      const found = fields.map((field, index) => {
        const value = values[index];
        return value ? read(field, value) : undefined;
      });
      return found.find((block) => block !== undefined && !isOver(block));
    },

    /** Those that hold; what has ended is forgotten. */
    async list(platform: string): Promise<Block[]> {
      const all = Object.entries(await redis.hgetall(keyOf(platform))).map(([field, value]) => read(field, value));
      const over = all.filter(isOver).map(fieldOf);
      if (over.length > 0) await redis.hdel(keyOf(platform), ...over);
      return all.filter((block) => !isOver(block));
    },
  };
}
