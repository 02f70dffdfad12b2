// What marks the clips of this installation: the tool, and the identity that it signs for.
import { join } from 'node:path';
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import { createCertify, type MarkTool, markClip } from '../media/clip-marks.ts';
import type { Mark } from '../media/clip-tools.ts';
import { type Identity, identityFolderOf, openIdentity, readIdentity } from '../media/identity.ts';
import type { Sandbox } from '../media/sandbox.ts';
import { packageFolder, pythonOf, version } from './package.ts';

export function markToolOf(config: Config, sandbox: Sandbox): MarkTool {
  return { python: () => pythonOf(config), serverFolder: join(packageFolder, 'python'), sandbox, version };
}

/** Makes the identity at the first start. */
export function openMark(config: Config, sandbox: Sandbox, log: Logger): Promise<Mark> {
  return openWith(config, sandbox, log, (tool) =>
    openIdentity(identityFolderOf(config.dataFolder), createCertify(tool)),
  );
}

/** Signs where the bot has made an identity: a render from the terminal leaves nothing but its clip. */
export function openMarkThatIsThere(config: Config, sandbox: Sandbox, log: Logger): Promise<Mark> {
  return openWith(config, sandbox, log, () => readIdentity(identityFolderOf(config.dataFolder)));
}

/** Without an identity clips have plain metadata alone. */
async function openWith(
  config: Config,
  sandbox: Sandbox,
  log: Logger,
  open: (tool: MarkTool) => Promise<Identity | undefined>,
): Promise<Mark> {
  const tool = markToolOf(config, sandbox);
  const identity = await open(tool).catch((error) => {
    log.warn({ err: error }, 'Clips get no signed mark, only plain metadata; `doctor` says what to do');
    return undefined;
  });
  return (clip, made) => markClip(tool, clip, made, identity);
}
