// Shuts a program in that looks at strangers' bytes: the kernel lets it see no process, no network, and of the files what it needs to
// run. Without root: by bubblewrap, by Landlock and seccomp, or in part by what else there is.
import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * `bubblewrap`, with seccomp: no process, no network, no file but what it reads. `landlock`, with seccomp: the same, but whether a
 * file is there and how large it is can be asked for. `namespaces`, with seccomp: no process and no socket, but all files of our
 * user. `seccomp` alone: no network and no hand on another process, but all files, the environments of processes among them. `none`:
 * an empty environment alone, which hides nothing from code that can read /proc.
 */
export type SandboxKind = 'bubblewrap' | 'landlock' | 'namespaces' | 'seccomp' | 'none';

export interface Command {
  program: string;
  args: string[];
}

export interface Needs {
  /** The files and folders that it may see beside the system's own. */
  readable: string[];
  /** An empty folder of its own that it may write to. */
  scratch?: string | undefined;
  /** Where it starts. */
  folder?: string | undefined;
  /** The kernel's own limit, where it can be set; far above what a guard watches for, because it counts what is not yet used. */
  maxMemoryBytes?: number | undefined;
}

export interface Sandbox {
  kind(): Promise<SandboxKind>;
  /** The command that runs it inside. */
  shutIn(command: Command, needs: Needs): Promise<Command>;
}

export interface SandboxOptions {
  /** Tried in order. */
  offered?: SandboxKind[];
  /** The Python that Landlock and seccomp are asked for with; the system's own if it throws. */
  python?: () => string;
}

/** What programs of this kind find programs by. */
export const SYSTEM_PATH = '/usr/local/bin:/usr/bin:/bin';
const TRY_WITHIN_MS = 10_000;
const BEST_FIRST: SandboxKind[] = ['bubblewrap', 'landlock', 'namespaces', 'seccomp'];
/** What a program may leave in its scratch: memory where it can be. */
const SCRATCH_BYTES = 256 * 2 ** 20;
/** Stacks of threads, and what is asked for and never used. */
const UNUSED_MEMORY_BYTES = 2 ** 30;

/** Programs and libraries of the system, and nothing of /etc but where libraries are. */
const SYSTEM = ['/usr', '/bin', '/lib', '/lib64', '/etc/ld.so.cache', '/etc/alternatives'];

const BUBBLEWRAP = [
  ...['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
  ...SYSTEM.flatMap((path) => ['--ro-bind-try', path, path]),
  ...['--proc', '/proc', '--dev', '/dev', '--size', String(SCRATCH_BYTES), '--tmpfs', '/tmp'],
];
const UNSHARE = ['--user', '--map-root-user', '--net', '--pid', '--ipc', '--fork', '--kill-child', '--mount-proc'];
const SHUT_IN = fileURLToPath(new URL('../../python/render_server/shut_in.py', import.meta.url));

/** Which kind this machine has is found out once, when it is first needed. */
export function createSandbox({ offered = BEST_FIRST, python }: SandboxOptions = {}): Sandbox {
  let _kind: Promise<SandboxKind> | undefined;
  const kind = (): Promise<SandboxKind> => {
    _kind ??= findKind(offered, findPython(python));
    return _kind;
  };
  return {
    kind,
    async shutIn(command, needs) {
      return inside(await kind(), findPython(python), command, needs);
    },
  };
}

function inside(kind: SandboxKind, python: string, { program, args }: Command, needs: Needs): Command {
  const { readable, scratch, folder, maxMemoryBytes } = needs;
  const command = [program, ...args];
  /** By seccomp, and by Landlock if it is the one to say which files there are. */
  const shutIn = (landlock: 'yes' | 'no', seen: string[]) => [
    ...[python, '-I', '-S', SHUT_IN, '--landlock', landlock],
    ...['--file-bytes', String(scratch === undefined ? 0 : SCRATCH_BYTES)],
    ...(maxMemoryBytes === undefined ? [] : ['--data-bytes', String(maxMemoryBytes + UNUSED_MEMORY_BYTES)]),
    ...[...seen, '--', ...command],
  ];
  switch (kind) {
    case 'bubblewrap': {
      const binds = [...readable, ...installationOf(python), SHUT_IN].flatMap((path) => ['--ro-bind-try', path, path]);
      const own = scratch === undefined ? [] : ['--size', String(SCRATCH_BYTES), '--tmpfs', scratch];
      const start = folder === undefined ? [] : ['--chdir', folder];
      return { program: 'bwrap', args: [...BUBBLEWRAP, ...binds, ...own, ...start, '--', ...shutIn('no', [])] };
    }
    case 'namespaces':
      return { program: 'unshare', args: [...UNSHARE, '--', ...shutIn('no', [])] };
    case 'landlock':
    case 'seccomp': {
      const reads = readable.flatMap((path) => ['--read', path]);
      const writes = scratch === undefined ? [] : ['--write', scratch];
      const [launcher = python, ...rest] = shutIn(kind === 'landlock' ? 'yes' : 'no', [...reads, ...writes]);
      return { program: launcher, args: rest };
    }
    case 'none':
      return { program, args };
  }
}

async function findKind(offered: SandboxKind[], python: string): Promise<SandboxKind> {
  for (const kind of offered) {
    const { program, args } = inside(kind, python, { program: '/bin/true', args: [] }, { readable: [] });
    const options = { timeout: TRY_WITHIN_MS, env: { PATH: SYSTEM_PATH } };
    const works = await promisify(execFile)(program, args, options).then(
      () => true,
      () => false,
    );
    if (works) return kind;
  }
  return 'none';
}

function findPython(python?: () => string): string {
  try {
    return python?.() ?? 'python3';
  } catch {
    return 'python3';
  }
}

/** What a program needs to run: where it is installed, also behind the links of a virtual environment. */
export function installationOf(program: string): string[] {
  if (!program.startsWith('/')) return [];
  return [...new Set([program, realpathSync(program)].map((path) => dirname(dirname(path))))].filter(
    (path) => path !== '/',
  );
}
