// What every role is started with.
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import type { Shutdown } from '../ops/shutdown.ts';

export interface RoleOptions {
  config: Config;
  log: Logger;
  shutdown: Shutdown;
}

export interface BotRoleOptions extends RoleOptions {
  /** From here on this secret is cut out of every line of the log. */
  hide(secret: string): void;
}
