// A ceiling for another process's memory: Node can set no such limit on a child, so its use is watched while it works.
import { readFile } from 'node:fs/promises';

const CHECK_EVERY_MS = 50;

/** Calls `onExceeded` once when the process and its children hold more than `maxBytes`. Where there is no /proc it never does. */
export function guardMemory(pid: number, maxBytes: number, onExceeded: () => void): Disposable {
  const timer = setInterval(async () => {
    const residentBytes = await readResidentBytes(pid);
    if (residentBytes === undefined || residentBytes > maxBytes) {
      clearInterval(timer);
    }
    if (residentBytes !== undefined && residentBytes > maxBytes) {
      onExceeded();
    }
  }, CHECK_EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/**
 * Of the process and all that it has started: what is shut in is a grandchild. Undefined when the process is gone, or when this
 * system does not tell.
 */
async function readResidentBytes(pid: number): Promise<number | undefined> {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
    if (kilobytes === undefined) return undefined;
    const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter(Boolean);
    const ofChildren = await Promise.all(children.map((child) => readResidentBytes(Number(child))));
    return ofChildren.reduce<number>((sum, bytes = 0) => sum + bytes, Number(kilobytes) * 1024);
  } catch {
    return undefined;
  }
}
