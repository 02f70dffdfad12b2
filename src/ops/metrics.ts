// What happens here as numbers for Prometheus. Labels are settings, stages, codes and platforms: never a member, never a word.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Meter } from '../meter.ts';
import type { Lane } from '../queue/health.ts';
import type { EngineEntry } from '../queue/roster.ts';

const SECONDS = [0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600];
const ENGINE_STATES = ['starting', 'free', 'lent', 'asleep', 'refused'] as const;

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Counter({ name: `animate_${name}`, help, labelNames, registers });
  const histogram = <Label extends string>(name: string, help: string, labelNames: Label[]) =>
    new Histogram({ name: `animate_${name}`, help, labelNames, registers, buckets: SECONDS });

  const accepted = counter('commands_accepted_total', 'Commands that joined the line', ['platform']);
  const refused = counter('commands_refused_total', 'Commands that were not taken; limit_reached is a quota', [
    'platform',
    'code',
  ]);
  const waited = histogram('wait_seconds', 'From the command to the first engine', ['resolution', 'quality']);
  const rendered = histogram('render_seconds', 'On the engine', ['resolution', 'quality']);
  const stages = histogram('stage_seconds', 'On the engine, by stage', ['stage']);
  const ended = counter('renders_ended_total', 'Renders by how they ended', ['outcome']);
  // From 0 on, so that the first failure is a rise.
  for (const outcome of ['done', 'failed', 'cancelled']) ended.inc({ outcome }, 0);
  const failed = counter('renders_failed_total', 'Renders that ended in an apology, by its code', ['code']);
  const attempts = counter('attempts_failed_total', 'Attempts on an engine that came to nothing, by code', ['code']);
  const delivered = counter('deliveries_total', 'Outcomes handed over', ['platform']);
  const deliverySeconds = histogram('delivery_seconds', 'From the command to its outcome in the chat', ['platform']);
  const deliveryFailures = counter('delivery_failures_total', 'Tries to hand one over that failed', ['platform']);

  const meter: Meter = {
    accepted: (platform) => accepted.inc({ platform }),
    refused: (platform, code) => refused.inc({ platform, code }),
    waited: ({ resolution, quality }, seconds) => waited.observe({ resolution, quality }, seconds),
    rendered({ resolution, quality }, seconds, byStage) {
      rendered.observe({ resolution, quality }, seconds);
      for (const [stage, took] of Object.entries(byStage)) stages.observe({ stage }, took);
    },
    ended(outcome, code) {
      ended.inc({ outcome });
      if (code !== undefined) failed.inc({ code });
    },
    attemptFailed: (code) => attempts.inc({ code }),
    delivered(platform, seconds) {
      delivered.inc({ platform });
      deliverySeconds.observe({ platform }, seconds);
    },
    deliveryFailed: (platform) => deliveryFailures.inc({ platform }),
  };

  /** Sets what is as it is at this moment, before each answer. */
  const refreshes: (() => Promise<void>)[] = [];
  const gauges = <Row>(
    read: () => Promise<Row[] | undefined> | Row[],
    figures: Record<string, { help: string; value(row: Row): number | undefined }>,
    toLabels: (row: Row) => Record<string, string>,
    labelNames: string[],
  ) => {
    const all = Object.entries(figures).map(([name, { help, value }]) => ({
      value,
      gauge: new Gauge({ name: `animate_${name}`, help, labelNames, registers }),
    }));
    refreshes.push(async () => {
      const rows = (await read()) ?? [];
      for (const { gauge, value } of all) {
        gauge.reset();
        for (const row of rows) {
          const figure = value(row);
          if (figure !== undefined) gauge.set(toLabels(row), figure);
        }
      }
    });
  };

  return {
    meter,
    contentType: registry.contentType,
    async text(): Promise<string> {
      await Promise.all(refreshes.map((refresh) => refresh()));
      return registry.metrics();
    },

    /** Every bot tells of the same queue: take the highest of them, not the sum. `read` answers undefined where nobody can tell. */
    watchQueue(read: () => Promise<Lane[] | undefined>): void {
      gauges(
        read,
        {
          queue_waiting: { help: 'Renders in line', value: ({ waiting }) => waiting },
          queue_active: { help: 'Renders under way', value: ({ active }) => active },
          queue_oldest_seconds: { help: 'How long the oldest has waited', value: ({ oldestSeconds }) => oldestSeconds },
          queue_paused: { help: '1 while the queue is paused', value: ({ isPaused }) => Number(isPaused) },
        },
        ({ resolution, quality }) => ({ resolution, quality }),
        ['resolution', 'quality'],
      );
    },

    watchEngines(read: () => EngineEntry[]): void {
      gauges(
        read,
        {
          engine_busy: { help: '1 while it renders', value: ({ state }) => Number(state === 'lent') },
          gpu_busy_ratio: { help: 'How much its card was at work lately', value: ({ gpu }) => gpu?.busy },
          gpu_memory_used_bytes: { help: 'Of its card, by everybody', value: ({ gpu }) => gpu?.usedBytes },
          gpu_memory_bytes: { help: 'Of its card', value: ({ gpu }) => gpu?.memoryBytes },
          gpu_temperature_celsius: { help: 'Of its card', value: ({ gpu }) => gpu?.temperature },
        },
        ({ slot }) => ({ slot: String(slot) }),
        ['slot'],
      );
      gauges(
        () => ENGINE_STATES.map((state) => ({ state, count: read().filter((each) => each.state === state).length })),
        { engines: { help: 'Engines of this worker by state', value: ({ count }) => count } },
        ({ state }) => ({ state }),
        ['state'],
      );
    },
  };
}
