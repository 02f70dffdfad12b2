// The logger: pretty in a terminal, JSON otherwise, and never a secret in a line.
import { type DestinationStream, type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type { Logger };

// Keys that may hold a credential, at the top of a line or one level into an object in it.
const SECRET_KEYS = ['token', 'authorization', 'cookie', 'password', 'secret', 'redisUrl', 'url'];
/** Shorter ones would cut ordinary words out. */
const SHORTEST_SECRET = 8;
const REDACTED_PATHS = SECRET_KEYS.flatMap((key) => [key, `*.${key}`, `*.*.${key}`]);

export interface LogOptions {
  level: string;
  format: 'auto' | 'pretty' | 'json';
  /** Values that must not appear anywhere in a line, whatever the key: tokens and passwords. Those that are added count, too. */
  secrets: string[];
}

export function createLogger(
  { level, format, secrets }: LogOptions,
  destination: NodeJS.WriteStream = process.stdout,
): Logger {
  const isPretty = format === 'pretty' || (format === 'auto' && destination.isTTY === true);
  const lines = isPretty
    ? pretty({
        destination,
        sync: true,
        colorize: destination.isTTY === true,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss',
      })
    : destination;
  return pino(
    { level, base: null, redact: { paths: REDACTED_PATHS, censor: '[redacted]' } },
    withoutSecrets(lines, secrets),
  );
}

/** The last line of defence: a secret that got into a message or a nested error is cut out of the finished line. */
function withoutSecrets(lines: DestinationStream, secrets: string[]): DestinationStream {
  const cut = (text: string, secret: string): string =>
    secret.length >= SHORTEST_SECRET ? text.replaceAll(secret, '[redacted]') : text;
  return { write: (line) => lines.write(secrets.reduce(cut, line)) };
}
