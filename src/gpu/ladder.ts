// The launch ladder: ways of launching an engine, plainest first, for hosts that block what FastVideo's worker process needs.
// Climbs when an engine does not start for such a reason, and remembers which way worked here.
import { readFile, rename, writeFile } from 'node:fs/promises';
import type { Launch } from './runtime.ts';

export interface Rung extends Launch {
  /** Completes "launched …". */
  words: string;
}

const PLAIN: Rung = { words: 'plainly' };
const HOST_IPC: Rung = { words: 'with the host’s shared memory', hostIpc: true };
const RAY: Rung = { words: 'by Ray', engine: 'fastvideo-ray' };
const DIFFUSERS: Rung = { words: 'with diffusers in FastVideo’s place', engine: 'diffusers' };

/** The ladder of an engine. All but FastVideo have one rung: they have no worker process. */
export function rungsOf(engine: string, runtime: 'process' | 'docker'): Rung[] {
  const isDocker = runtime === 'docker';
  if (engine === 'fastvideo') {
    return isDocker ? [PLAIN, HOST_IPC, { ...RAY, hostIpc: true }, DIFFUSERS] : [PLAIN, RAY, DIFFUSERS];
  }
  if (engine === 'fastvideo-ray') return isDocker ? [PLAIN, HOST_IPC, DIFFUSERS] : [PLAIN, DIFFUSERS];
  return [PLAIN];
}

/** What no other way of launching mends; it counts for more than what it led to. */
const MENDED_ELSEWHERE =
  /out of memory|OutOfMemoryError|no CUDA GPUs|Failed to initialize NVML|no kernel image|needs kernels for|driver|model_index\.json|Expected the (weights|whole model)|Expected a folder with the model|\.safetensors/i;

/** What shared memory, another executor, or none at all may mend. */
const MENDED_HIGHER =
  /WorkerMultiprocProc|pipe closed unexpectedly|bus error|SIGBUS|No space left on device|shared memory|semaphore|Operation not permitted|\bray\b|was not ready after/i;

/** What neither another launch nor another try mends: the image was not built for this card. */
const NEVER_MENDED = /no kernel image is available|needs kernels for sm_\d+/i;

/** The line that says that this engine can never run on its card, if there is one. */
export function findNeverMended(words: string): string | undefined {
  return words.split('\n').find((line) => NEVER_MENDED.test(line));
}

export function isMendedHigher(words: string): boolean {
  return !MENDED_ELSEWHERE.test(words) && MENDED_HIGHER.test(words);
}

/** What worked, by what was launched. */
type Kept = Record<string, { words: string; reason: string }>;

export class Ladder {
  readonly #rungs: Rung[];
  readonly #file: string;
  readonly #key: string;
  #at = 0;
  #reason = '';
  #isKept = false;

  private constructor(rungs: Rung[], file: string, key: string) {
    this.#rungs = rungs;
    this.#file = file;
    this.#key = key;
  }

  /** Begins at the rung that worked last. `file` keeps that for this host, `key` says what is launched, such as an image's id. */
  static async open({ rungs, file, key }: { rungs: Rung[]; file: string; key: string }): Promise<Ladder> {
    const ladder = new Ladder(rungs, file, key);
    const kept = (await readKept(file))[key];
    ladder.#at = Math.max(
      0,
      rungs.findIndex(({ words }) => words === kept?.words),
    );
    if (ladder.#at > 0) ladder.#reason = kept?.reason ?? '';
    return ladder;
  }

  get rung(): Rung {
    return this.#rungs[this.#at] ?? PLAIN;
  }

  /** How engines are launched, and why not plainly: for the log and for health. */
  describe(): string {
    return this.#at === 0 ? this.rung.words : `${this.rung.words}, because: ${this.#reason}`;
  }

  /** An engine that was launched from `rung` did not start. True if the next one is to be launched another way. */
  climb(rung: Rung, reason: string, output: string): boolean {
    // Another slot's engine has climbed already.
    if (rung !== this.rung) return true;
    if (this.#at + 1 >= this.#rungs.length || !isMendedHigher(`${reason}\n${output}`)) return false;
    this.#at += 1;
    this.#isKept = false;
    this.#reason = reason.split('\n', 1)[0] ?? '';
    return true;
  }

  /** An engine has started from the present rung. */
  async remember(): Promise<void> {
    // Asked for after every render.
    if (this.#isKept) return;
    const kept = await readKept(this.#file);
    if ((kept[this.#key]?.words ?? PLAIN.words) !== this.rung.words) await this.#keep(kept);
    this.#isKept = true;
  }

  async #keep(kept: Kept): Promise<void> {
    const part = `${this.#file}.part`;
    const entry = { words: this.rung.words, reason: this.#reason };
    await writeFile(part, JSON.stringify({ ...kept, [this.#key]: entry }, undefined, 2));
    await rename(part, this.#file);
  }
}

async function readKept(file: string): Promise<Kept> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return {}; // Nothing was kept yet, or nothing that can be read: then the ladder is climbed once more.
  }
}
