// The state of the whole installation, as everybody who asks for it is told.
import type { StoreState } from '../media/store.ts';
import type { BotEntry } from './bot-roster.ts';
import type { Durations } from './durations.ts';
import type { QuarantinedRender } from './quarantine.ts';
import type { RenderQueue } from './queue.ts';
import type { RedisHealth } from './redis-health.ts';
import type { WorkerEntry } from './roster.ts';

export type Lane = Awaited<ReturnType<RenderQueue['counts']>>[number];

export interface Fault {
  /** Stays the same for as long as the fault lasts. */
  code: string;
  /** `broken`: people wait in vain. `worn`: they will. `known`: an admin wants it so. */
  severity: 'broken' | 'worn' | 'known';
  /** With what to do about it. */
  text: string;
}

export interface Health {
  /** Milliseconds since the epoch. */
  at: number;
  /** Of the process that was asked. */
  version: string;
  verdict: 'well' | 'worn' | 'broken';
  /** The worst first. */
  faults: Fault[];
  redis: RedisHealth | undefined;
  lanes: Lane[];
  workers: WorkerEntry[];
  missingWorkers: WorkerEntry[];
  durations: Durations[];
  bots: (BotEntry & { undelivered: number })[];
  missingBots: BotEntry[];
  store: StoreState | { kind: 'away'; reason: string };
  /** How many renders of the last day broke every engine that tried them. */
  quarantined: number;
  /** The latest of them, of the last week. */
  quarantine: QuarantinedRender[];
}
