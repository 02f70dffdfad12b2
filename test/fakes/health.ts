// The health of an installation that does not exist, for whoever draws or judges one.
import type { Health } from '../../src/queue/health.ts';
import type { EngineEntry, WorkerEntry } from '../../src/queue/roster.ts';

export const NOW = 1_800_000_000_000;
const GIBIBYTE = 1024 ** 3;

export function engineOf(changes: Partial<EngineEntry> = {}): EngineEntry {
  return {
    ...{ slot: 0, state: 'free', model: 'FastWan2.2-TI2V-5B', renderId: undefined, fraction: undefined },
    ...{ renders: 12, failures: 0, lastError: undefined },
    gpu: {
      ...{ index: 0, name: 'NVIDIA GeForce RTX 5090', temperature: 61, busy: 0.97 },
      ...{ memoryBytes: 32 * GIBIBYTE, usedBytes: 21 * GIBIBYTE },
    },
    ...changes,
  };
}

export function workerOf(changes: Partial<WorkerEntry> = {}): WorkerEntry {
  return {
    ...{ id: 'w1', host: 'gpu-box', name: 'attic', version: '0.1.0', engine: 'fastvideo', slots: 1, loaded: 1 },
    ...{ holds: { '480p': 1, '720p': 1 }, quality: 'fast', launched: 'plainly', isDraining: false, seenAt: NOW },
    engines: [engineOf()],
    ...changes,
  };
}

export function healthOf(changes: Partial<Health> = {}): Health {
  const lane = { waiting: 0, active: 0, failed: 0, oldestSeconds: 0, isPaused: false };
  return {
    ...{ at: NOW, version: '0.1.0', verdict: 'well', faults: [] },
    redis: {
      ...{ latencyMs: 0.4, version: '9.1.2', usedBytes: 4_000_000, maxBytes: 0 },
      ...{ evictionPolicy: 'noeviction', isAppendOnly: true, writeFault: undefined },
    },
    lanes: [
      { resolution: '480p', quality: 'fast', ...lane },
      { resolution: '720p', quality: 'fast', ...lane },
    ],
    workers: [workerOf()],
    missingWorkers: [],
    durations: [{ resolution: '480p', quality: 'fast', seconds: 5, renders: 200, median: 2.5, p95: 3.1 }],
    bots: [
      {
        ...{ id: 'b1', host: 'home', platform: 'discord', version: '0.1.0', isConnected: true, pingMs: 41.2 },
        ...{ lastEventAt: NOW - 60_000, seenAt: NOW, undelivered: 0 },
      },
    ],
    missingBots: [],
    store: { kind: 'folder', freeBytes: 400 * GIBIBYTE, totalBytes: 900 * GIBIBYTE },
    quarantined: 0,
    quarantine: [],
    ...changes,
  };
}
