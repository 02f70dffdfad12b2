// What this machine brings: Node, Python, room on the disk.
import { constants, existsSync } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import type { Config } from '../../config.ts';
import { OperationError } from '../../errors.ts';
import { createSandbox } from '../../media/sandbox.ts';
import { nodeMendedUntil } from '../../node-version.ts';
import { packageFolder, pythonOf } from '../../roles/package.ts';
import { type Finding, lastLine, probe } from './finding.ts';

const GIBIBYTE = 1024 ** 3;
const SCARCE_GIBIBYTES = 5;

export async function checkNode(): Promise<Finding> {
  return judgeNode(process.versions.node, process.execPath, new Date());
}

/** That it is one that we support is sure: in another, no command runs. */
export function judgeNode(version: string, path: string, now: Date): Finding {
  const subject = 'Node';
  const isBrought = path.startsWith(join(packageFolder, 'runtime', sep));
  const found = `${version}${isBrought ? ', brought by the set-up in runtime/' : ` at ${path}`}`;
  const end = nodeMendedUntil(version);
  if (!end || now <= end) return { verdict: 'ok', subject, text: found };
  const text = `${found}; its faults are no longer mended since ${end.toISOString().slice(0, 10)}: install a newer one`;
  return { verdict: 'warn', subject, text };
}

export async function checkPython(config: Config): Promise<Finding> {
  const subject = 'Python';
  const script = 'import sys, av, numpy, PIL, starlette, uvicorn, msgspec; print(sys.version.split()[0])';
  try {
    const python = pythonOf(config);
    const version = (await probe(python, ['-c', script])).trim();
    return { verdict: 'ok', subject, text: `${version} at ${python}, with all packages` };
  } catch (error) {
    // What is missing altogether says itself what to do.
    if (error instanceof OperationError) return { verdict: 'fail', subject, text: error.message };
    const advice = config.python
      ? 'install python/requirements.txt there, or unset PYTHON'
      : '`npm start` installs what is missing';
    return { verdict: 'fail', subject, text: `${lastLine(error)}; ${advice}` };
  }
}

/** What decoders, the tools for clips and the classifier are shut in by. */
export async function checkSandbox(config: Config): Promise<Finding> {
  const subject = 'Sandbox';
  const install = 'install bubblewrap (Debian, Ubuntu: apt-get install bubblewrap)';
  switch (await createSandbox({ python: () => pythonOf(config) }).kind()) {
    case 'bubblewrap':
      return {
        verdict: 'ok',
        subject,
        text: 'bubblewrap: who looks at pictures and clips sees no network and no file of ours',
      };
    case 'landlock':
      return {
        verdict: 'ok',
        subject,
        text: 'Landlock and seccomp: who looks at pictures and clips has no network, no hand on processes, and no file of ours',
      };
    case 'namespaces':
      return {
        verdict: 'warn',
        subject,
        text: `unshare: no network and no process, but our files can be read; ${install}`,
      };
    case 'seccomp':
      return {
        verdict: 'warn',
        subject,
        text: `seccomp alone: no network, but a decoder that is taken over reads our secrets in /proc and files; ${install}, or a kernel with Landlock (5.13 or newer)`,
      };
    case 'none':
      return {
        verdict: 'warn',
        subject,
        text:
          process.platform === 'linux'
            ? `none works here: a decoder that is taken over reads our secrets; ${install}, or Python 3.8 and a kernel with Landlock`
            : 'none: a decoder that is taken over reads our secrets, because macOS and Windows have none that can be relied on (sandbox-exec is deprecated); run the bot on Linux, or in its container',
      };
  }
}

/** What the render servers of this machine are shut in by; who only runs a bot has none, and reads it all the same. */
export async function checkEngineSandbox({ runtime, engine }: Config): Promise<Finding> {
  const subject = 'Engines';
  const warn = (text: string): Finding => ({ verdict: 'warn', subject, text });
  if (runtime.kind === 'docker') {
    return { verdict: 'ok', subject, text: 'in containers without a network, a capability, or a file but their own' };
  }
  const stronger = 'set RUNTIME=docker';
  if (!runtime.isShutIn || process.platform !== 'linux') {
    const tried = process.platform === 'linux' && engine.needsGpu;
    const other = tried ? ', or ENGINE_SANDBOX=on, which has not been tried with a card' : '';
    return warn(`not shut in: the weights and code of ${engine.name} can do what you can; ${stronger}${other}`);
  }
  const kind = await createSandbox({ offered: ['landlock', 'seccomp'] }).kind();
  if (kind === 'landlock') {
    return { verdict: 'ok', subject, text: 'shut in by Landlock and seccomp: their own files, and no network' };
  }
  if (kind === 'seccomp') return warn(`shut in by seccomp alone, so that they can read your files; ${stronger}`);
  return warn(`nothing shuts them in on this kernel: they can do what you can; ${stronger}`);
}

export async function checkDisk({ dataFolder }: Config): Promise<Finding> {
  const subject = 'Disk';
  // It may not be there yet: then it comes to lie in the nearest folder that is.
  let existing = dataFolder;
  while (!existsSync(existing)) existing = dirname(existing);
  try {
    await access(existing, constants.W_OK);
    if (!(await stat(existing)).isDirectory()) throw new Error('it is a file');
  } catch (error) {
    const text = `${existing} cannot be written to (${lastLine(error)}); set DATA_FOLDER to a folder of your own`;
    return { verdict: 'fail', subject, text };
  }
  const { bavail, bsize } = await statfs(existing);
  const free = (bavail * bsize) / GIBIBYTE;
  const found = `${free.toFixed(1)} GiB free for ${dataFolder}`;
  if (free >= SCARCE_GIBIBYTES) return { verdict: 'ok', subject, text: found };
  const text = `${found}; expected at least ${SCARCE_GIBIBYTES}: make room, or set DATA_FOLDER to a larger disk`;
  return { verdict: 'warn', subject, text };
}
