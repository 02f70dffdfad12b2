// What a process number stands for now. It may be another process than the one that was written down.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** With what the process was started; undefined where there is none, or nothing can be learnt of it. `proc` is there on Linux alone. */
export async function commandLineOf(pid: number, proc = '/proc'): Promise<string | undefined> {
  try {
    return await readFile(`${proc}/${pid}/cmdline`, 'utf8');
  } catch {
    const asked = promisify(execFile)('ps', ['-p', String(pid), '-o', 'command=']);
    return (await asked.catch(() => undefined))?.stdout.trim() || undefined;
  }
}
