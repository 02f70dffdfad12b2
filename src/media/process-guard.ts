// A ceiling for other processes' memory and number: Node can set no such limit on a child, so they are watched while they work.
import { readdir, readFile } from 'node:fs/promises';

const CHECK_EVERY_MS = 50;
/** Processes and threads: Node has eleven, FFmpeg and numpy one for each core. */
const MAX_TASKS = 512;

interface Held {
  residentBytes: number;
  tasks: number;
}

/**
 * Calls `onExceeded` once when the process and all that it has started hold more than `maxBytes`, or are too many. Where there is no
 * /proc it never does.
 */
export function guardProcesses(pid: number, maxBytes: number, onExceeded: () => void): Disposable {
  const timer = setInterval(async () => {
    const held = await readHeld(pid);
    const isExceeded = held !== undefined && (held.residentBytes > maxBytes || held.tasks > MAX_TASKS);
    if (held === undefined || isExceeded) clearInterval(timer);
    if (isExceeded) onExceeded();
  }, CHECK_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/**
 * Of the process and what it has started: what is shut in can be a grandchild, and each thread has children of its own. Undefined when
 * the process is gone, or when this system does not tell.
 */
async function readHeld(pid: number): Promise<Held | undefined> {
  const total: Held = { residentBytes: 0, tasks: 0 };
  const waiting = [pid];
  for (let next = waiting.pop(); next !== undefined && total.tasks <= MAX_TASKS; next = waiting.pop()) {
    const found = await readProcess(next);
    if (found === undefined && next === pid) return undefined;
    if (found === undefined) continue;
    total.residentBytes += found.residentBytes;
    total.tasks += found.tasks;
    waiting.push(...found.children);
  }
  return total;
}

async function readProcess(pid: number): Promise<(Held & { children: number[] }) | undefined> {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
    const threads = await readdir(`/proc/${pid}/task`);
    // Too many are not looked at one by one.
    const lists = await Promise.all(threads.slice(0, MAX_TASKS).map((thread) => readChildren(pid, thread)));
    // One that has ended and was not asked how holds no memory.
    return { residentBytes: Number(kilobytes ?? 0) * 1024, tasks: threads.length, children: lists.flat() };
  } catch {
    return undefined;
  }
}

async function readChildren(pid: number, thread: string): Promise<number[]> {
  const text = await readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
}
