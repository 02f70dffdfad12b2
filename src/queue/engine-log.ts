// What a worker tells of each of its engines: what it does now, how it has done so far, and how its card is.
import { OperationError } from '../errors.ts';
import type { Gpu } from '../gpu/devices.ts';
import { type Pool, type Trouble, toTrouble } from '../gpu/pool.ts';
import type { GpuReadings } from '../gpu/readings.ts';
import type { Slot } from '../gpu/runtime.ts';
import type { EngineEntry, GpuEntry } from './roster.ts';

interface Tally {
  renders: number;
  failures: number;
  lastError: Trouble | undefined;
}

export function createEngineLog({ pool, gpus }: { pool: Pick<Pool, 'describe'>; gpus: GpuReadings }) {
  const tallies = new Map<number, Tally>();
  const fractions = new Map<string, number>();
  const tallyOf = ({ index }: Slot): Tally => {
    const known = tallies.get(index) ?? { renders: 0, failures: 0, lastError: undefined };
    tallies.set(index, known);
    return known;
  };

  return {
    /** Counts one render of the engine in this slot. */
    async watch<Result>(slot: Slot, render: () => Promise<Result>): Promise<Result> {
      const tally = tallyOf(slot);
      try {
        const result = await render();
        tally.renders += 1;
        return result;
      } catch (error) {
        // What was cancelled, or left behind by a worker that stops, is not the engine's failure.
        if (error instanceof OperationError && error.code !== 'engine_not_ready') {
          tally.failures += 1;
          tally.lastError = toTrouble(error.message);
        }
        throw error;
      }
    },

    progressed(renderId: string, fraction: number): void {
      fractions.set(renderId, fraction);
    },

    ended(renderId: string): void {
      fractions.delete(renderId);
    },

    describe(): EngineEntry[] {
      const cards = gpus.latest();
      return pool.describe().map(({ slot, state, model, renderId, trouble }) => {
        const { renders, failures, lastError } = tallyOf(slot);
        return {
          slot: slot.index,
          ...{ state, model, renderId, renders, failures },
          gpu: slot.gpu && toGpuEntry(cards.find(({ id }) => id === slot.gpu?.id)),
          fraction: renderId === undefined ? undefined : fractions.get(renderId),
          lastError: latest(lastError, trouble),
        };
      });
    },
  };
}

function toGpuEntry(card: Gpu | undefined): GpuEntry | undefined {
  if (!card) return undefined;
  const { index, name, memoryBytes, usedBytes, temperature, busy } = card;
  const known = (figure: number) => (Number.isFinite(figure) ? figure : undefined);
  return { index, name, memoryBytes, usedBytes, temperature: known(temperature), busy: known(busy) };
}

function latest(one: Trouble | undefined, other: Trouble | undefined): Trouble | undefined {
  if (!one || !other) return one ?? other;
  return one.at > other.at ? one : other;
}
