// Who is before whom. One line for each resolution of each quality, because these differ in the engines that can take them;
// in each, members are served in shares of engine time, not as they came: a thousand renders of one delay another's first by
// what is running then. Joining, leaving, taking and looking a place up are all O(log n). The order is in line-scripts.ts.
import { type Quality, type Resolution, resolutionSchema } from '../render.ts';
import { AHEAD_SCRIPT, JOIN_SCRIPT, LEAVE_SCRIPT, NEXT_SCRIPT, TAKE_SCRIPT } from './line-scripts.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

/** Published whenever somebody joined or left. */
const LINE_CHANNEL = `${KEY_PREFIX}:line`;

/** In microseconds: line-scripts.ts says what for. */
const LEAST_COST = 1000;

export interface Lane {
  resolution: Resolution;
  quality: Quality;
}

export interface Joining {
  id: string;
  /** Whoever shares: the same text is the same member. */
  member: string;
  /** What it has in common with renders that take the same time. */
  workload: string;
  /** How long it is expected to take an engine. */
  seconds: number;
  /** A member of weight 2 gets twice the share of one of weight 1. */
  weight: number;
}

/** Who is before a render, by workload: in its own lane, and in the other lanes of its quality. */
export interface Ahead {
  own: Map<string, number>;
  others: Map<string, number>;
}

export type Line = ReturnType<typeof createLine>;

export function createLine(redis: Redis, now: () => number = Date.now) {
  const poolKey = (quality: Quality) => `${KEY_PREFIX}:line:${quality}`;
  const run = (script: string, quality: Quality, ...args: (string | number)[]) =>
    redis.eval(script, 1, poolKey(quality), ...args);
  const othersThan = (resolution: Resolution) => resolutionSchema.options.filter((other) => other !== resolution);
  const laneKey = ({ quality, resolution }: Lane, what: string) => `${poolKey(quality)}:${resolution}:${what}`;

  return {
    /** Joining twice keeps the first place. */
    async join(lane: Lane, { id, member, workload, seconds, weight }: Joining): Promise<void> {
      const cost = Math.max(LEAST_COST, Math.round((seconds / weight) * 1_000_000));
      const others = othersThan(lane.resolution);
      const args = [lane.resolution, id, member, workload, cost, now(), LINE_CHANNEL];
      await run(JOIN_SCRIPT, lane.quality, ...args, ...others);
    },

    /** Leaves for good. False if it was not in the line. */
    async leave(lane: Lane, id: string): Promise<boolean> {
      return (await run(LEAVE_SCRIPT, lane.quality, lane.resolution, id, LINE_CHANNEL)) === 1;
    },

    /** Whose turn it is on an engine that can take any of these. They stay in the line until they are taken. */
    async next(
      quality: Quality,
      resolutions: Resolution[],
    ): Promise<{ id: string; resolution: Resolution } | undefined> {
      if (resolutions.length === 0) return undefined;
      const answer = (await run(NEXT_SCRIPT, quality, ...resolutions)) as [Resolution, string] | null;
      return answer ? { resolution: answer[0], id: answer[1] } : undefined;
    },

    /** Leaves for an engine, and the line goes on. Taking twice is taking once. */
    async take({ quality, resolution }: Lane, id: string): Promise<void> {
      await run(TAKE_SCRIPT, quality, resolution, id, ...othersThan(resolution));
    },

    /** Undefined if it is not in the line. */
    async ahead({ quality, resolution }: Lane, id: string): Promise<Ahead | undefined> {
      const answer = await run(AHEAD_SCRIPT, quality, resolution, id, ...othersThan(resolution));
      if (answer === null) return undefined;
      const [own = [], ...others] = answer as (string | number)[][];
      return { own: toCounts(own), others: toCounts(others.flat()) };
    },

    async has(lane: Lane, id: string): Promise<boolean> {
      return (await redis.zscore(laneKey(lane, 'order'), id)) !== null;
    },

    /** How many wait, and since when the one that has waited longest, in milliseconds since the epoch. */
    async waiting(lane: Lane): Promise<{ count: number; oldestAt: number | undefined }> {
      const [count, [, oldestAt]] = await Promise.all([
        redis.zcard(laneKey(lane, 'order')),
        redis.zrange(laneKey(lane, 'joined'), 0, '0', 'WITHSCORES'),
      ]);
      return { count, oldestAt: oldestAt === undefined ? undefined : Number(oldestAt) };
    },

    /** Calls back whenever somebody joined or left, but not for what happened while the connection was away. */
    async watch(listener: (what: 'joined' | 'left') => void): Promise<() => void> {
      const subscription = redis.duplicate();
      subscription.on('error', () => undefined); // The same faults are logged for the connection it was made from.
      subscription.on('message', (_channel, what) => listener(what as 'joined' | 'left'));
      await subscription.subscribe(LINE_CHANNEL);
      return () => subscription.disconnect();
    },
  };
}

/** Several lanes may have renders of the same workload. */
function toCounts(flat: (string | number)[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (let index = 0; index < flat.length; index += 2) {
    const workload = String(flat[index]);
    counts.set(workload, (counts.get(workload) ?? 0) + Number(flat[index + 1]));
  }
  return counts;
}
