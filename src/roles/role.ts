// What every role is started with.
import type { Config } from '../config.ts';
import type { Logger } from '../log.ts';
import type { Shutdown } from '../ops/shutdown.ts';

export interface RoleOptions {
  config: Config;
  log: Logger;
  shutdown: Shutdown;
}
