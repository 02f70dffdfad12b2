// The health of the installation as lines of Markdown, in English, the verdict first.
import type { Health } from '../queue/health.ts';
import type { EngineEntry, WorkerEntry } from '../queue/roster.ts';
import type { Resolution } from '../render.ts';

const GIBIBYTE = 1024 ** 3;
const MEBIBYTE = 1024 ** 2;

export function describeHealth(health: Health): string {
  const { workers, lanes, quarantined } = health;
  const engines = workers.reduce((sum, { slots }) => sum + slots, 0);
  const loaded = workers.reduce((sum, worker) => sum + worker.loaded, 0);
  return lines(
    describeVerdict(health),
    `Workers: ${workers.length} online, ${loaded} of ${engines} engines loaded`,
    `Queue: ${describeLanes(lanes)}${quarantined > 0 ? `, ${quarantined} in quarantine` : ''}`,
    ...workers.flatMap(({ engines: each, name }) => each.filter(({ gpu }) => gpu).map((one) => describeGpu(name, one))),
    `Redis: ${describeRedis(health)}`,
    ...health.bots.map(
      ({ platform, host, isConnected, pingMs, lastEventAt, undelivered }) =>
        `${platform} by ${host}: ${isConnected ? 'connected' : 'away'}${pingMs === undefined ? '' : `, ${Math.round(pingMs)} ms`}${
          lastEventAt === undefined ? '' : `, last event ${toWords((health.at - lastEventAt) / 1000)} ago`
        }${undelivered > 0 ? `, ${undelivered} not delivered yet` : ''}`,
    ),
    `Store: ${describeStore(health)}`,
    ...health.durations.map(
      ({ resolution, quality, seconds, renders, median, p95 }) =>
        `${resolution} ${quality}, ${seconds} s: median ${median.toFixed(1)} s, 95th percentile ${p95.toFixed(1)} s (${renders === 1 ? '1 clip' : `${renders} clips`})`,
    ),
    `Versions: ${describeVersions(health)}`,
  );
}

export function describeVerdict({ verdict, faults }: Health): string {
  if (verdict === 'well') return '**All is well.**';
  return `**${verdict === 'broken' ? 'Broken' : 'Needs attention'}:** ${faults.map(({ text }) => text).join('; ')}.`;
}

function describeRedis({ redis }: Health): string {
  if (!redis) return 'does not answer';
  const { version, latencyMs, usedBytes, maxBytes, isAppendOnly, evictionPolicy } = redis;
  const memory = `${toMebibytes(usedBytes)}${maxBytes > 0 ? ` of ${toMebibytes(maxBytes)}` : ''}`;
  return `${latencyMs} ms, ${version}, ${memory}, append-only file ${isAppendOnly ? 'on' : 'off'}, ${evictionPolicy ?? 'eviction unknown'}`;
}

function describeStore({ store }: Health): string {
  if (store.kind === 'away') return `not available: ${store.reason}`;
  if (store.kind === 'bucket') return 'the bucket is there';
  return `${toGibibytes(store.freeBytes)} of ${toGibibytes(store.totalBytes)} GiB free`;
}

function describeVersions({ version, workers, bots }: Health): string {
  const count = (each: { version: string }[]) => [...new Set(each.map((one) => one.version))].join(', ') || 'none';
  return `this bot ${version}, bots ${count(bots)}, workers ${count(workers)}`;
}

export function describeWorker(worker: WorkerEntry, now: number): string {
  const { name, host, engine, slots, loaded, holds, quality, launched, isDraining, version } = worker;
  const able = (Object.entries(holds) as [Resolution, number][]).filter(([, count]) => count > 0).map(([each]) => each);
  const light = isDraining ? '🟠' : loaded > 0 ? '🟢' : '⚪';
  const renders = able.length > 0 ? `${able.join(' and ')} ${quality}` : 'nothing it can render';
  return lines(
    `${light} ${name} on ${host}: ${engine}, ${loaded} of ${slots} loaded, ${renders}, launched ${launched}, version ${version}${isDraining ? ', draining' : ''}`,
    ...worker.engines.map((each) => describeEngine(name, each, now)),
  );
}

const STATE_WORDS = {
  starting: 'getting ready',
  free: 'free',
  lent: 'rendering',
  asleep: 'unloaded until it is needed',
  refused: 'left out',
} satisfies Record<EngineEntry['state'], string>;

function describeEngine(worker: string, engine: EngineEntry, now: number): string {
  const { slot, state, model, renderId, fraction, renders, failures, lastError } = engine;
  const percent = fraction === undefined ? '' : ` ${Math.round(fraction * 100)}%`;
  const work = renderId === undefined ? STATE_WORDS[state] : `${STATE_WORDS[state]} ${renderId}${percent}`;
  const error = lastError ? `; last error ${toWords((now - lastError.at) / 1000)} ago: ${lastError.message}` : '';
  return lines(
    `- ${worker}/${slot}: ${work}, ${model ?? 'no model yet'}, ${renders} renders, ${failures} failed${error}`,
    engine.gpu ? `  ${describeGpu(worker, engine)}` : '',
  );
}

function describeGpu(worker: string, { gpu, slot }: EngineEntry): string {
  if (!gpu) return '';
  const { name, usedBytes, memoryBytes, temperature, busy } = gpu;
  const figures = [
    `${toGibibytes(usedBytes)} of ${toGibibytes(memoryBytes)} GiB`,
    ...(temperature === undefined ? [] : [`${temperature} °C`]),
    ...(busy === undefined ? [] : [`${Math.round(busy * 100)}% busy`]),
  ];
  return `${name} of ${worker}/${slot}: ${figures.join(', ')}`;
}

export function describeLanes(lanes: Health['lanes']): string {
  const sum = (key: 'waiting' | 'active') => lanes.reduce((total, each) => total + each[key], 0);
  const isPaused = lanes.some((lane) => lane.isPaused);
  return `${sum('waiting')} waiting, ${sum('active')} rendering${isPaused ? ', paused' : ''}`;
}

export function toWords(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}

export function toGibibytes(bytes: number): string {
  return (bytes / GIBIBYTE).toFixed(1);
}

function toMebibytes(bytes: number): string {
  return `${Math.round(bytes / MEBIBYTE)} MiB`;
}

export function lines(...texts: string[]): string {
  return texts.filter((text) => text !== '').join('\n');
}
