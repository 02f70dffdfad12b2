// Real animate-bot processes from the build, as an operator would start them, on a Redis and a data folder of the test's own.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface LogLine {
  msg: string;
  pid?: number;
  [key: string]: unknown;
}

export interface Role {
  process: ChildProcess;
  lines: LogLine[];
  /** Resolves with the first line, past or coming, that has this message. Rejects if the process ends without it. */
  said(message: string, isIt?: (line: LogLine) => boolean): Promise<LogLine>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

export function startRole(role: 'start' | 'bot' | 'worker', environment: Record<string, string>): Role {
  const child = spawn(process.execPath, [main, role], {
    env: { PATH: process.env.PATH, LOG_FORMAT: 'json', WEB_PORT: '0', RENDER_SLOTS: '1', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: LogLine[] = [];
  const listeners = new Set<() => void>();
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    lines.push(JSON.parse(text) as LogLine);
    for (const listener of listeners) listener();
  });

  return {
    process: child,
    lines,
    said(message, isIt = () => true) {
      return new Promise((resolve, reject) => {
        const look = (): void => {
          const line = lines.find((each) => each.msg === message && isIt(each));
          if (line) finish(() => resolve(line));
        };
        const onExit = (): void =>
          finish(() =>
            reject(
              new Error(`${role} ended without saying "${message}":\n${stderr}\n${JSON.stringify(lines.slice(-5))}`),
            ),
          );
        const finish = (settle: () => void): void => {
          listeners.delete(look);
          child.removeListener('exit', onExit);
          settle();
        };
        listeners.add(look);
        child.once('exit', onExit);
        look();
      });
    },
    async kill(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
    },
  };
}
