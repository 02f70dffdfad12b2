// What an operator's machines see of this process: its numbers, its readiness, its traces. All of it off unless configured.
import { hostname } from 'node:os';
import type { Config } from '../config.ts';
import { toListenFault } from '../listen-fault.ts';
import type { Logger } from '../log.ts';
import type { Meter } from '../meter.ts';
import { createOutgoing } from '../outgoing.ts';
import { openBoard } from '../queue/board.ts';
import type { Lane } from '../queue/health.ts';
import { isAway, type Redis } from '../queue/redis.ts';
import type { EngineEntry } from '../queue/roster.ts';
import type { Tracer } from '../trace.ts';
import { within } from '../within.ts';
import { startOpsServer } from './http.ts';
import { createMetrics } from './metrics.ts';
import type { Shutdown } from './shutdown.ts';

const REDIS_ANSWERS_WITHIN_MS = 2000;

export interface Ops {
  /** Undefined: nobody asks for numbers. */
  meter: Meter | undefined;
  tracer: Tracer | undefined;
  /** `check` resolves to what keeps a part from its work, in words. */
  mustBeReady(check: () => string | undefined): void;
  /** Every part has been opened; until then this process is not ready, whatever they say. */
  started(): void;
  watchQueue(counts: () => Promise<Lane[]>): void;
  watchEngines(describe: () => EngineEntry[]): void;
}

export interface OpsOptions {
  config: Pick<Config, 'ops' | 'traces' | 'proxies'>;
  version: string;
  log: Logger;
  shutdown: Shutdown;
}

export async function openOps(options: OpsOptions, redis: Redis): Promise<Ops> {
  const { config, log, shutdown } = options;
  const tracer = await openTraces(options);
  const { host, port, token } = config.ops;
  if (port === undefined) {
    const ignore = () => undefined;
    return { meter: undefined, tracer, mustBeReady: ignore, started: ignore, watchQueue: ignore, watchEngines: ignore };
  }
  const metrics = createMetrics();
  /** Undefined where Redis does not answer. */
  const ask = async <Answer>(question: () => Promise<Answer>): Promise<Answer | undefined> =>
    isAway(redis) ? undefined : within(REDIS_ANSWERS_WITHIN_MS, question()).catch(() => undefined);
  let isStarting = true;
  const checks: (() => string | undefined)[] = [() => (isStarting ? 'still starting' : undefined)];
  const board = token === undefined ? undefined : openBoard(redis);
  if (board) shutdown.onStop('queue board', () => board.close());
  const server = await startOpsServer({
    ...{ host, port, token, queues: board?.queues },
    notReady: async () => {
      const isThere = await ask(() => redis.ping());
      const reasons = [isThere ? undefined : 'Redis does not answer', ...checks.map((check) => check())];
      return reasons.filter((reason) => reason !== undefined);
    },
    metrics: async () => ({ contentType: metrics.contentType, text: await metrics.text() }),
  }).catch((error) => {
    throw toListenFault(error, 'OPS', { host, port });
  });
  shutdown.onStop('operations', () => server.close());
  log.info({ address: server.address }, 'Health and metrics are served');
  return {
    meter: metrics.meter,
    tracer,
    mustBeReady: (check) => checks.push(check),
    started: () => {
      isStarting = false;
    },
    watchQueue: (counts) => metrics.watchQueue(() => ask(counts)),
    watchEngines: (describe) => metrics.watchEngines(describe),
  };
}

async function openTraces({ config, version, log, shutdown }: OpsOptions): Promise<Tracer | undefined> {
  const { endpoint, headers } = config.traces;
  if (endpoint === undefined) return undefined;
  const { createTraces } = await import('./traces.ts');
  const traces = createTraces({
    ...{ endpoint, headers, version, instance: hostname(), log },
    outgoing: createOutgoing(config.proxies),
  });
  shutdown.onStop('traces', () => traces.close());
  return traces;
}
