// Which NVIDIA GPUs does this machine have, and which of them are ours to use? Asks nvidia-smi.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { OperationError } from '../errors.ts';

const FIELDS = [
  ...['index', 'uuid', 'name', 'memory.total', 'memory.used', 'compute_cap', 'driver_version'],
  ...['temperature.gpu', 'utilization.gpu'],
];
const ASK_WITHIN_MS = 20_000;
const MEBIBYTE = 2 ** 20;

export interface Gpu {
  /** Its number on this machine, which can change when cards do. */
  index: number;
  /** Stays the same; Docker and CUDA both take it for the card. */
  id: string;
  name: string;
  memoryBytes: number;
  /** By everybody, at the moment. */
  usedBytes: number;
  /** Such as 12.0, for which kernels are compiled as sm_120. */
  computeCapability: string;
  driver: string;
  /** Degrees Celsius; NaN where the card does not say, as for the next one. */
  temperature: number;
  /** How much of the last moments it was at work, 0 to 1. */
  busy: number;
}

/** Empty where there is no NVIDIA driver. Throws OperationError `setup_missing` where there is one that does not work. */
export async function findGpus(): Promise<Gpu[]> {
  const question = [`--query-gpu=${FIELDS.join(',')}`, '--format=csv,noheader,nounits'];
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', question, { timeout: ASK_WITHIN_MS });
    return stdout.trim().split('\n').filter(Boolean).map(readLine);
  } catch (error) {
    if (error instanceof OperationError) throw error;
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    const { stdout, message } = error as { stdout?: string; message: string };
    throw missing(`nvidia-smi does not answer: ${stdout?.trim() || message}`, error);
  }
}

/** `wanted` is `all`, `none`, or numbers and ids between commas. Throws OperationError `setup_missing` for one that is not there. */
export function chooseGpus(found: Gpu[], wanted: string): Gpu[] {
  if (wanted === 'all') return found;
  if (wanted === 'none') return [];
  const chosen = wanted.split(',').map((name) => {
    const gpu = found.find(({ index, id }) => name.trim() === String(index) || name.trim() === id);
    if (gpu) return gpu;
    const known = found.map(({ index, id, name }) => `${index} (${name}, ${id})`).join(', ');
    throw missing(`GPUS: expected ${known || 'none, because nvidia-smi finds no GPU'}, got ${name.trim()}.`);
  });
  return [...new Set(chosen)];
}

function readLine(line: string): Gpu {
  const [index, id = '', name = '', total, used, computeCapability = '', driver = '', temperature, percent] =
    line.split(/,\s*/);
  if (!Number.isFinite(Number(index)) || !Number.isFinite(Number(total))) {
    throw missing(`nvidia-smi was asked for ${FIELDS.join(', ')}, and said: ${line}`);
  }
  return {
    index: Number(index),
    id,
    name,
    memoryBytes: Number(total) * MEBIBYTE,
    usedBytes: Number(used) * MEBIBYTE,
    computeCapability,
    driver,
    temperature: Number(temperature),
    busy: Number(percent) / 100,
  };
}

function missing(message: string, cause?: unknown): OperationError {
  return new OperationError('setup_missing', message, { isRetryable: false, cause });
}
