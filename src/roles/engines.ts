// Where a worker's engines run, and on which cards.
import { basename, join } from 'node:path';
import type { Config } from '../config.ts';
import { describeTooSmall, resolutionsOf } from '../gpu/capacity.ts';
import { chooseGpus, findGpus } from '../gpu/devices.ts';
import { createDockerRuntime } from '../gpu/docker.ts';
import { createProcessRuntime } from '../gpu/process.ts';
import type { Runtime, Slot } from '../gpu/runtime.ts';
import type { Logger } from '../log.ts';
import type { Resolution } from '../render.ts';
import { socketFolderOf } from '../socket-folder.ts';
import { missing, packageFolder, pythonOf } from './package.ts';

export const enginesFolderOf = (dataFolder: string, workerName: string): string =>
  join(dataFolder, 'engines', workerName);

export function createRuntime(config: Config, name: string): Runtime {
  const { engine, dataFolder, runtime } = config;
  const folders = {
    socketFolder: join(socketFolderOf(dataFolder), name),
    dataFolder: enginesFolderOf(dataFolder, name),
  };
  if (runtime.kind === 'process') {
    return createProcessRuntime({
      python: pythonOf(config),
      serverFolder: join(packageFolder, 'python'),
      engine,
      // Elsewhere there is nothing to do it with.
      isShutIn: runtime.isShutIn && process.platform === 'linux',
      ...folders,
    });
  }
  // The same data folder and name are the same worker, before and after a restart.
  return createDockerRuntime({
    ...runtime,
    owner: `${basename(socketFolderOf(dataFolder))}-${name}`,
    engine,
    ...folders,
  });
}

/** Where a worker's engines run: one on each GPU that is ours and large enough, or as many as are asked for where none is needed. */
export async function openSlots({ engine, gpus, slots }: Config, log: Logger): Promise<Slot[]> {
  if (gpus === 'none') return Array.from({ length: engine.needsGpu ? 1 : slots }, (_, index) => ({ index }));
  const chosen = chooseGpus(await findGpus(), gpus);
  if (chosen.length === 0) {
    throw missing(
      `The engine ${engine.name} needs an NVIDIA GPU, and nvidia-smi finds none on this machine. ENGINE=preview goes without.`,
    );
  }
  const tooSmall = chosen.filter((gpu) => resolutionsOf(gpu).length === 0).map(describeTooSmall);
  const large = chosen.filter((gpu) => resolutionsOf(gpu).length > 0);
  if (large.length === 0) throw missing(tooSmall.join(' '));
  for (const sentence of tooSmall) log.warn(sentence);
  return large.map((gpu, index) => ({
    index,
    gpu: { index: gpu.index, id: gpu.id },
    resolutions: resolutionsOf(gpu),
  }));
}

export function slotsHolding(slots: Slot[], resolution: Resolution): Slot[] {
  return slots.filter(({ resolutions }) => resolutions?.includes(resolution) ?? true);
}
