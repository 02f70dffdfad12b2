// Exit codes and signals in words, for people who were not there.

/** Finishes the sentence "The render server …". */
export function describeExit(code: number | null, signal: NodeJS.Signals | null): string {
  if (signal === 'SIGKILL' || code === 137)
    return 'was killed (SIGKILL), most likely because the machine ran out of memory';
  if (signal) return `was stopped by ${signal}`;
  if (code === 0) return 'stopped by itself';
  return `stopped with exit code ${code}`;
}
