// Which workers are there now, and how each of their engines stands.
import type { Quality, Resolution } from '../render.ts';
import { createPresence, type Seen } from './presence.ts';
import { KEY_PREFIX, type Redis } from './redis.ts';

/** Names of workers, or of the hosts that they are on. */
const DRAINING_KEY = `${KEY_PREFIX}:draining`;

export interface WorkerEntry extends Seen {
  host: string;
  /** Its WORKER_NAME, which tells it apart on that host. */
  name: string;
  version: string;
  engine: string;
  slots: number;
  /** How many of them have an engine that is loaded. */
  loaded: number;
  /** How many of its slots have the memory for each resolution. */
  holds: Record<Resolution, number>;
  /** What its engine makes. */
  quality: Quality;
  /** How its engines were launched, and why not plainly. */
  launched: string;
  /** An admin wants it to finish what it has and to take no more. */
  isDraining: boolean;
  /** One for each slot. */
  engines: EngineEntry[];
}

export interface EngineEntry {
  slot: number;
  state: 'starting' | 'free' | 'lent' | 'asleep' | 'refused';
  /** Undefined until it has been loaded once. */
  model: string | undefined;
  gpu: GpuEntry | undefined;
  /** What it renders now, and how much of that is behind it, 0 to 1. */
  renderId: string | undefined;
  fraction: number | undefined;
  /** Since the worker started. */
  renders: number;
  failures: number;
  lastError: { message: string; at: number } | undefined;
}

/** Undefined where the card does not say. */
export interface GpuEntry {
  index: number;
  name: string;
  memoryBytes: number;
  usedBytes: number;
  /** Degrees Celsius. */
  temperature: number | undefined;
  /** How much of the last moments it was at work, 0 to 1. */
  busy: number | undefined;
}

export type Roster = ReturnType<typeof createRoster>;

export function createRoster(redis: Redis, now: () => number = Date.now) {
  const presence = createPresence<Omit<WorkerEntry, keyof Seen>>(redis, `${KEY_PREFIX}:workers`, now);
  return {
    ...presence,

    async drain(name: string, isOn: boolean): Promise<void> {
      await (isOn ? redis.sadd(DRAINING_KEY, name) : redis.srem(DRAINING_KEY, name));
    },

    async isDraining(names: string[]): Promise<boolean> {
      return (await redis.smismember(DRAINING_KEY, ...names)).includes(1);
    },
  };
}
