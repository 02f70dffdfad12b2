// The seam between the pool and whatever runs render servers: processes here, containers elsewhere.
import type { Resolution } from '../render.ts';

/** A place where one engine runs. Its number is stable over restarts, so that an engine can be found again. */
export interface Slot {
  index: number;
  /** The GPU that is this slot's alone, by nvidia-smi's number and id; none for engines without one. */
  gpu?: { index: number; id: string };
  /** What that GPU has the memory for; everything if this is left out. */
  resolutions?: readonly Resolution[];
}

/** A render server that runs in a slot. It may still be loading. */
export interface Engine {
  slot: Slot;
  /** The unix socket that it answers on. */
  socketPath: string;
  /** Folders shared with it, as this process sees them. */
  inputsFolder: string;
  outputsFolder: string;
  /** Resolves when it is gone, with the reason in words. Stays pending for one that was attached to. */
  exited: Promise<string>;
}

/** How a launch differs from the plain one. */
export interface Launch {
  /** Another engine than the configured one. */
  engine?: string;
  /** Shared memory and semaphores are the host's own; processes have no others. */
  hostIpc?: boolean;
}

export interface Runtime {
  /** What is launched, by a name that changes when it does: an image's id, or a Python. Throws OperationError `setup_missing`. */
  identity(): Promise<string>;
  /** Starts a render server in a slot and resolves as soon as it answers, loading or not. Throws OperationError `engine_exited`. */
  start(slot: Slot, signal: AbortSignal, launch?: Launch): Promise<Engine>;
  /** The render server that outlived an earlier worker in this slot, if one answers. */
  attach(slot: Slot, signal: AbortSignal): Promise<Engine | undefined>;
  /** Stops whatever runs in the slot. Nothing there is success. */
  stop(slot: Slot): Promise<void>;
  /** Removes what earlier lives left behind outside of these slots. */
  sweep(slots: Slot[]): Promise<void>;
  /** The last lines that the slot's render server wrote. */
  logs(slot: Slot): Promise<string>;
}
