// The role of a worker: warm engines, and the renders that they take off the queue.
import { dirname, join } from 'node:path';
import type { Config } from '../config.ts';
import { makePrivateFolder } from '../folders.ts';
import { Ladder, rungsOf } from '../gpu/ladder.ts';
import { Pool } from '../gpu/pool.ts';
import { createGpuReadings } from '../gpu/readings.ts';
import { holdLock } from '../ops/lock.ts';
import { startEngineSweep } from '../queue/engine-files.ts';
import { startRenderWorker } from '../queue/worker.ts';
import { leaveSocketFolder, markSocketFolder, socketFolderOf, sweepSocketFolders } from '../socket-folder.ts';
import type { Base } from './base.ts';
import { createRuntime, enginesFolderOf, openSlots } from './engines.ts';
import { version } from './package.ts';
import type { RoleOptions } from './role.ts';

/** Held for as long as a worker of this name runs on this data folder. */
export function workerLockOf({ dataFolder, workerName }: Config): string {
  return join(socketFolderOf(dataFolder), workerName, 'worker.lock');
}

/** Warms the engines up and takes renders off the queue. */
export async function openWorker({ config, log, shutdown }: RoleOptions, base: Base): Promise<void> {
  const name = config.workerName;
  await makePrivateFolder(dirname(workerLockOf(config)));
  shutdown.onStop('socket folder', () => leaveSocketFolder(config.dataFolder));
  const release = await holdLock(
    workerLockOf(config),
    `Another worker called ${name} is running on ${config.dataFolder}. Stop it, or give this one its own WORKER_NAME.`,
  );
  shutdown.onStop('worker lock', release);
  await markSocketFolder(config.dataFolder);
  await sweepSocketFolders();
  const slots = await openSlots(config, log);
  const runtime = createRuntime(config, name);
  const ladder = await Ladder.open({
    rungs: rungsOf(config.engine.name, config.runtime.kind),
    file: join(config.dataFolder, 'launch-ladder.json'),
    key: `${config.engine.name} in ${await runtime.identity()}`,
  });
  const pool = new Pool({
    runtime,
    slots,
    ladder,
    engineStartMs: config.engineStartMs,
    engineIdleMs: config.engineIdleMs,
    log,
  });
  shutdown.onStop('engines', () => pool.close());
  base.ops.mustBeReady(() => (pool.loaded > 0 ? undefined : 'no engine is loaded yet'));
  await pool.start();
  const { engine, engineSilenceMs: silenceMs, drainMs } = config;
  const { meter, tracer } = base.ops;
  const worker = await startRenderWorker({
    ...{ ...base, ...(meter && { meter }), ...(tracer && { tracer }) },
    pool,
    gpus: slots.some(({ gpu }) => gpu) ? createGpuReadings() : { latest: () => [] },
    describe: () => ({
      name,
      version,
      engine: engine.name,
      slots: slots.length,
      loaded: pool.loaded,
      quality: engine.quality,
      holds: { '480p': pool.holding('480p'), '720p': pool.holding('720p') },
      launched: ladder.describe(),
    }),
    silenceMs,
    drainMs,
    log,
  });
  base.ops.watchEngines(worker.engines);
  const { records } = base;
  shutdown.onStop('engine files', startEngineSweep({ folder: enginesFolderOf(config.dataFolder, name), records, log }));
  shutdown.onStop('worker', () => worker.close());
}
