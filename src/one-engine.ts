// One engine for one render, apart from those of every worker: for the terminal and the doctor.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createDeadline } from './deadline.ts';
import { OperationError, UserError } from './errors.ts';
import { makePrivateFolder } from './folders.ts';
import { createEngineClient, type EngineClient } from './gpu/client.ts';
import type { Lease } from './gpu/pool.ts';
import type { Runtime, Slot } from './gpu/runtime.ts';
import { holdLock } from './ops/lock.ts';
import type { Resolution } from './render.ts';
import { createRuntime, openSlots, slotsHolding } from './roles/engines.ts';
import type { RoleOptions } from './roles/role.ts';
import { markSocketFolder, RENDER_PREFIX, socketFolderOf, sweepSocketFolders } from './socket-folder.ts';

const READY_POLL_MS = 100;

/** Starts it as a worker would, but once: unlike a worker's pool, it does not try again when it cannot be had. */
export async function openOneEngine({ config, log, shutdown }: RoleOptions, resolution: Resolution): Promise<Lease> {
  // A data folder of its own, so that it never meets the engines of a running worker.
  const dataFolder = await mkdtemp(join(tmpdir(), RENDER_PREFIX));
  shutdown.onStop('temporary folders', async () => {
    for (const folder of [dataFolder, socketFolderOf(dataFolder)]) await rm(folder, { recursive: true, force: true });
  });
  const socketFolder = await makePrivateFolder(socketFolderOf(dataFolder));
  const release = await holdLock(join(socketFolder, 'render.lock'), 'This is the only render there.');
  shutdown.onStop('lock', release);
  await markSocketFolder(dataFolder);
  await sweepSocketFolders();
  const slot = slotFor(resolution, await openSlots(config, log));
  const runtime = createRuntime({ ...config, dataFolder }, 'render');
  shutdown.onStop('engine', () => runtime.stop(slot));
  return startEngine(runtime, slot, config.engineStartMs, shutdown.signal);
}

function slotFor(resolution: Resolution, slots: Slot[]): Slot {
  const [slot] = slotsHolding(slots, resolution);
  if (slot) return slot;
  throw new UserError('bad_option', `No GPU here has the memory for ${resolution}. Ask for 480p.`);
}

async function startEngine(runtime: Runtime, slot: Slot, engineStartMs: number, stopping: AbortSignal): Promise<Lease> {
  const engine = await runtime.start(slot, stopping);
  const client = createEngineClient(engine.socketPath);
  const lost = new AbortController();
  void engine.exited.then((how) => lost.abort(new OperationError('engine_exited', `The render server ${how}.`)));
  using deadline = createDeadline([stopping, lost.signal]);
  deadline.start(engineStartMs);
  try {
    await waitUntilReady(client, deadline.signal);
  } catch (error) {
    await client.close();
    lost.signal.throwIfAborted();
    if (!deadline.hasPassed()) throw error;
    throw new OperationError('engine_not_ready', `The engine was not ready after ${engineStartMs / 1000} s.`);
  }
  return {
    engine,
    client,
    lost: lost.signal,
    condemn: () => undefined,
    [Symbol.asyncDispose]: () => client.close(),
  };
}

async function waitUntilReady(client: EngineClient, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { state, lastError } = await client.health(signal);
    if (state === 'ready') return;
    if (state === 'failed') throw new OperationError('engine_exited', lastError?.message ?? 'The engine did not load.');
    await sleep(READY_POLL_MS, undefined, { signal });
  }
}
