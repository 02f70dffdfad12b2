// What the operating system has against an address to listen on, by the name of the setting that is to be changed.
import { ConfigError } from './errors.ts';

/** Settings named `WEB_HOST` and `WEB_PORT` have the prefix WEB. What is no fault of theirs comes back as it is. */
export function toListenFault(error: unknown, prefix: string, { host, port }: { host: string; port?: number }) {
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new ConfigError([`${prefix}_PORT: expected a free port, got ${port}, which another program listens on`]);
    case 'EACCES':
      return new ConfigError([`${prefix}_PORT: expected a port that this user may listen on, got ${port}`]);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ConfigError([`${prefix}_HOST: expected an address of this machine, got ${host}`]);
    default:
      return error;
  }
}
