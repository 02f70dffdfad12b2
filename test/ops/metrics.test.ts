// The numbers as Prometheus reads them, and the dashboard that is made for them.
import { readFileSync } from 'node:fs';
import { parser } from '@prometheus-io/lezer-promql';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { createMetrics } from '../../src/ops/metrics.ts';
import { engineOf, healthOf } from '../fakes/health.ts';

/** A process that is a bot and a worker, and to which everything has happened once. */
async function readEverything(): Promise<string> {
  const metrics = createMetrics();
  metrics.watchQueue(async () => healthOf().lanes);
  metrics.watchEngines(() => [engineOf(), engineOf({ slot: 1, state: 'lent', gpu: undefined })]);
  const { meter } = metrics;
  const setting = { resolution: '480p', quality: 'fast' } as const;
  meter.accepted('discord');
  meter.refused('discord', 'limit_reached');
  meter.waited(setting, 3);
  meter.rendered(setting, 2.5, { denoising: 0.8, decoding: 1.5 });
  meter.ended('done');
  meter.ended('failed', 'engine_exited');
  meter.attemptFailed('engine_exited');
  meter.delivered('discord', 6);
  meter.deliveryFailed('discord');
  return metrics.text();
}

const namesIn = (text: string): Set<string> =>
  new Set([...text.matchAll(/^([a-z_]+)(?:\{| )/gm)].map(([, name = '']) => name));

test('what happens is counted by setting, stage, code and platform', async () => {
  const text = await readEverything();
  expect(text).toContain('animate_commands_refused_total{platform="discord",code="limit_reached"} 1');
  expect(text).toContain('animate_render_seconds_bucket{le="5",resolution="480p",quality="fast"} 1');
  expect(text).toContain('animate_stage_seconds_sum{stage="decoding"} 1.5');
  expect(text).toContain('animate_renders_failed_total{code="engine_exited"} 1');
  expect(text).toContain('animate_engines{state="lent"} 1');
  expect(text).toContain('animate_gpu_temperature_celsius{slot="0"} 61');
  expect(text).not.toContain('animate_gpu_temperature_celsius{slot="1"}');
});

test('no label can grow with members, renders or words', async () => {
  const labels = new Set([...(await readEverything()).matchAll(/[{,]([a-z_]+)="/g)].map(([, label]) => label));
  const ours = [...labels].filter(
    (label) => !['le', 'kind', 'type', 'version', 'major', 'minor', 'patch', 'space'].includes(label ?? ''),
  );
  expect(ours.sort()).toEqual(['code', 'outcome', 'platform', 'quality', 'resolution', 'slot', 'stage', 'state']);
});

test('what is not known at this moment is left out, and not told as it was', async () => {
  const metrics = createMetrics();
  let lanes: ReturnType<typeof healthOf>['lanes'] | undefined = healthOf().lanes;
  metrics.watchQueue(async () => lanes);
  expect(namesIn(await metrics.text())).toContain('animate_queue_waiting');
  lanes = undefined;
  expect(namesIn(await metrics.text())).not.toContain('animate_queue_waiting');
});

/** What Grafana needs of a dashboard to draw it; https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model */
const targetSchema = z.object({
  refId: z.string().regex(/^[A-Z]$/),
  expr: z.string().min(1),
  legendFormat: z.string(),
});
const dashboardSchema = z.object({
  title: z.string().min(1),
  uid: z.string().min(1).max(40),
  schemaVersion: z.int().min(36),
  templating: z.object({
    list: z.array(z.object({ name: z.literal('datasource'), type: z.literal('datasource') })).length(1),
  }),
  panels: z.array(
    z.object({
      id: z.int(),
      title: z.string().min(1),
      type: z.enum(['stat', 'timeseries']),
      datasource: z.object({ type: z.literal('prometheus'), uid: z.literal(`\${datasource}`) }),
      gridPos: z.object({ x: z.int().min(0), y: z.int().min(0), w: z.int().min(1).max(24), h: z.int().min(1) }),
      targets: z.array(targetSchema).min(1),
    }),
  ),
});

const dashboard = dashboardSchema.parse(JSON.parse(readFileSync('docker/grafana-dashboard.json', 'utf8')));
const queries = dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ title, expr })));

test('the dashboard’s panels have numbers of their own and do not lie over each other', () => {
  const { panels } = dashboard;
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, cell) => `${x + (cell % w)}/${y + Math.floor(cell / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  expect(panels.every(({ gridPos: { x, w } }) => x + w <= 24)).toBe(true);
});

test.each(queries)('$title asks in PromQL for what there is: $expr', async ({ expr }) => {
  const faults: string[] = [];
  const asked: string[] = [];
  parser.parse(expr).iterate({
    enter({ type, from, to }) {
      if (type.isError) faults.push(expr.slice(from, to + 10));
      if (type.name === 'VectorSelector') asked.push(/^\w+/.exec(expr.slice(from, to))?.[0] ?? '');
    },
  });
  expect(faults).toEqual([]);
  expect(asked.length).toBeGreaterThan(0);
  const known = namesIn(await readEverything());
  expect(asked.filter((name) => !known.has(name))).toEqual([]);
});

test('every number of ours has a place on the dashboard', async () => {
  const ours = [...namesIn(await readEverything())].filter((name) => name.startsWith('animate_'));
  const families = new Set(ours.map((name) => name.replace(/_(bucket|sum|count)$/, '')));
  const all = queries.map(({ expr }) => expr).join(' ');
  expect([...families].filter((family) => !all.includes(family))).toEqual([]);
});
