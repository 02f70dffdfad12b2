// Looks at processes that are not our own children: their ends give no event, they can only be seen.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 20;
const PATIENCE_MS = 90_000;

export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

export function isAlive(pid: number): boolean {
  try {
    // A zombie has ended, though nobody has asked how.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

export async function untilGone(pid: number): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; isAlive(pid); await sleep(POLL_MS)) {
    if (Date.now() > deadline) throw new Error(`Expected process ${pid} to end within ${PATIENCE_MS} ms`);
  }
}
