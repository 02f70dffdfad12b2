// Shuts a program in that looks at strangers' bytes: the kernel lets it see no process, no network, and of the files what it needs to
// run. Without root, by bubblewrap, or in part by util-linux's unshare.
import { execFile } from 'node:child_process';
import { realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

/**
 * `bubblewrap`: no process, no network, no file but what it reads. `namespaces`: no process and no network, but all files of our
 * user. `none`: an empty environment alone, which hides nothing from code that can read /proc.
 */
export type SandboxKind = 'bubblewrap' | 'namespaces' | 'none';

export interface Command {
  program: string;
  args: string[];
}

export interface Sandbox {
  kind(): Promise<SandboxKind>;
  /** The command that runs it inside; `readable` are the files and folders that it may see beside the system's own. */
  shutIn(command: Command, readable: string[], folder?: string): Promise<Command>;
}

const TRY_WITHIN_MS = 10_000;
/** What a program may leave in /tmp, which is memory. */
const TMP_BYTES = 256 * 2 ** 20;

/** Programs and libraries of the system, and nothing of /etc but where libraries are. */
const SYSTEM = ['/usr', '/bin', '/lib', '/lib64', '/etc/ld.so.cache', '/etc/alternatives'];

const BUBBLEWRAP = [
  ...['--unshare-all', '--die-with-parent', '--new-session', '--cap-drop', 'ALL'],
  ...SYSTEM.flatMap((path) => ['--ro-bind-try', path, path]),
  ...['--proc', '/proc', '--dev', '/dev', '--size', String(TMP_BYTES), '--tmpfs', '/tmp'],
];
const UNSHARE = ['--user', '--map-root-user', '--net', '--pid', '--ipc', '--fork', '--kill-child', '--mount-proc'];

/** Which kind this machine has is found out once, when it is first needed. `offered` are tried in order. */
export function createSandbox(offered: SandboxKind[] = ['bubblewrap', 'namespaces']): Sandbox {
  let _kind: Promise<SandboxKind> | undefined;
  const kind = (): Promise<SandboxKind> => {
    _kind ??= findKind(offered);
    return _kind;
  };
  return {
    kind,
    async shutIn({ program, args }, readable, folder) {
      const inside = [program, ...args];
      switch (await kind()) {
        case 'bubblewrap': {
          const binds = readable.flatMap((path) => ['--ro-bind-try', path, path]);
          const start = folder === undefined ? [] : ['--chdir', folder];
          return { program: 'bwrap', args: [...BUBBLEWRAP, ...binds, ...start, '--', ...inside] };
        }
        case 'namespaces':
          return { program: 'unshare', args: [...UNSHARE, '--', ...inside] };
        case 'none':
          return { program, args };
      }
    },
  };
}

async function findKind(offered: SandboxKind[]): Promise<SandboxKind> {
  for (const kind of offered) {
    const [program, args] = kind === 'bubblewrap' ? ['bwrap', BUBBLEWRAP] : ['unshare', UNSHARE];
    const works = await promisify(execFile)(program, [...args, '--', '/bin/true'], { timeout: TRY_WITHIN_MS }).then(
      () => true,
      () => false,
    );
    if (works) return kind;
  }
  return 'none';
}

/** What a program needs to run: where it is installed, also behind the links of a virtual environment. */
export function installationOf(program: string): string[] {
  if (!program.startsWith('/')) return [];
  return [...new Set([program, realpathSync(program)].map((path) => dirname(dirname(path))))].filter(
    (path) => path !== '/',
  );
}
