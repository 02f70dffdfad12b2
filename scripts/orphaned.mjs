// npm cannot pass on the signal that nobody can catch: when it is killed, what it started notices by having other ancestors.
import { readFileSync } from 'node:fs';

export function stopWhenOrphaned() {
  // Whoever starts us without npm may well mean to leave us running.
  if (process.env.npm_lifecycle_event === undefined) return;
  const before = ancestors();
  setInterval(() => {
    if (ancestors() !== before) process.kill(process.pid, 'SIGTERM');
  }, 1000).unref();
}

/** Our parent and, where that is the shell that npm runs scripts in, the parent of that. */
function ancestors() {
  const { ppid } = process;
  try {
    const [, shellsParent] =
      /^\d+ \((?:ba|da|z|a)?sh\) \S (\d+)/.exec(readFileSync(`/proc/${ppid}/stat`, 'utf8')) ?? [];
    return `${ppid} ${shellsParent}`;
  } catch {
    return `${ppid} undefined`; // Not every system has /proc, and ours may have ended just now.
  }
}
