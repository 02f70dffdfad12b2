// `animate-bot models pull`: fetches an engine's weights, with the program that comes with the engines (render_server/pull.py).
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { UserError } from './errors.ts';
import { runInImage } from './gpu/docker-pull.ts';
import { onFirstSignal } from './ops/shutdown.ts';
import { packageFolder, pythonOf } from './roles/package.ts';

/** Resolves to the exit code. What was fetched so far is kept whatever ends it. */
export async function pullModel(config: Config): Promise<number> {
  const { engine, runtime } = config;
  if (!engine.needsGpu) {
    throw new UserError(
      'bad_option',
      `Expected an ENGINE with weights, such as fastvideo, got ${engine.name}, which has none.`,
    );
  }
  const args = [
    '-m',
    'render_server.pull',
    '--engine',
    engine.name,
    ...(engine.model ? ['--model', engine.model] : []),
  ];
  const stopped = new AbortController();
  let signalled = 0;
  onFirstSignal((name) => {
    signalled = 128 + constants.signals[name];
    stopped.abort();
  });
  const code =
    runtime.kind === 'docker'
      ? await runInImage({ ...runtime, args, environment: engine.pullEnvironment }, process.stdout, stopped.signal)
      : await runHere(config, args, stopped.signal);
  return signalled || code;
}

async function runHere(config: Config, args: string[], stopped: AbortSignal): Promise<number> {
  const { engine } = config;
  const child = spawn(pythonOf(config), args, {
    cwd: join(packageFolder, 'python'),
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...engine.environment, ...engine.pullEnvironment, PATH: '/usr/local/bin:/usr/bin:/bin', LANG: 'C.UTF-8' },
  });
  stopped.addEventListener('abort', () => child.kill(), { once: true });
  const [code] = await once(child, 'exit');
  return (code as number | null) ?? 1;
}
