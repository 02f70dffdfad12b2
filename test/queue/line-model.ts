// What the line promises, said as simply as possible: lists that are searched from end to end. The line is held to it.
import type { Resolution } from '../../src/render.ts';

/** The least that a render costs, in microseconds. */
const LEAST = 1000;

interface Waiting {
  id: string;
  member: string;
  start: number;
  finish: number;
  /** Ties are taken as Redis orders them. */
  resolution: Resolution;
}

export function createModel() {
  const waiting: Waiting[] = [];
  const lanes = {
    '480p': { clock: 0, fresh: 0, shift: 0, served: new Map<string, number>() },
    '720p': { clock: 0, fresh: 0, shift: 0, served: new Map<string, number>() },
  };
  const other = (resolution: Resolution): Resolution => (resolution === '480p' ? '720p' : '480p');
  const inLane = (resolution: Resolution) =>
    waiting
      .filter((each) => each.resolution === resolution)
      .sort((one, two) => one.start - two.start || (one.id < two.id ? -1 : 1));
  const shifted = ({ resolution, start }: Waiting) => start + lanes[resolution].shift;
  const remove = (id: string) => waiting.splice(0, waiting.length, ...waiting.filter((each) => each.id !== id));

  return {
    ids: () => waiting.map(({ id }) => id),

    join(resolution: Resolution, id: string, member: string, seconds: number, weight: number): void {
      const lane = lanes[resolution];
      if (inLane(resolution).length === 0) {
        const beside = lanes[other(resolution)];
        lane.shift = Math.max(lane.shift, beside.clock + beside.shift - lane.clock);
      }
      const own = inLane(resolution).findLast((each) => each.member === member);
      let start = own?.finish ?? lane.served.get(member) ?? 0;
      if (start <= lane.clock) {
        start = Math.max(lane.clock, lane.fresh + 1);
        const beside = lanes[other(resolution)];
        const after = beside.fresh + beside.shift - lane.shift + 1;
        if (after > start && after < start + LEAST) start = after;
        lane.fresh = start;
      }
      waiting.push({ id, member, start, finish: start + Math.round((seconds / weight) * 1e6), resolution });
    },

    leave: remove,

    next(resolutions: Resolution[]): { id: string; resolution: Resolution } | undefined {
      const heads = resolutions.map((resolution) => inLane(resolution)[0]).filter((head) => head !== undefined);
      const [first] = heads.sort((one, two) => shifted(one) - shifted(two));
      return first && { id: first.id, resolution: first.resolution };
    },

    take(id: string): void {
      const taken = waiting.find((each) => each.id === id);
      if (!taken) return;
      remove(id);
      const lane = lanes[taken.resolution];
      lane.clock = Math.max(lane.clock, taken.start);
      lane.served.set(taken.member, Math.max(lane.served.get(taken.member) ?? 0, taken.finish));
      const [head] = inLane(other(taken.resolution));
      if (head && shifted(head) < shifted(taken)) lanes[head.resolution].shift = shifted(taken) + LEAST - head.start;
    },

    /** How many have a lower start: in its lane, and in the other one. */
    ahead(id: string): { own: number; others: number } | undefined {
      const mine = waiting.find((each) => each.id === id);
      if (!mine) return undefined;
      const before = waiting.filter((each) => shifted(each) < shifted(mine));
      const own = before.filter(({ resolution }) => resolution === mine.resolution).length;
      return { own, others: before.length - own };
    },
  };
}
