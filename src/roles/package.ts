// What is installed on this machine: the package, its version, and the Python that runs render servers.
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import { OperationError } from '../errors.ts';

/** The folder that package.json is in, from src and from dist alike. */
export const packageFolder = fileURLToPath(new URL('../../', import.meta.url));

export const { version } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as { version: string };

/** The Python that runs render servers: the configured one, or the virtual environment that `npm start` makes. */
export function pythonOf({ python }: Config): string {
  if (python === undefined) {
    const own = join(packageFolder, '.venv', 'bin', 'python');
    if (existsSync(own)) return own;
    throw missing('The Python environment is missing. Run `npm start` once, or set PYTHON.');
  }
  // A bare name is looked up on PATH by whoever runs it; a path must not depend on the folder that it is run in.
  if (!python.includes('/') || existsSync(python)) return python.includes('/') ? resolve(python) : python;
  throw missing(`PYTHON: expected a Python, found nothing at ${python}.`);
}

export function missing(message: string): OperationError {
  return new OperationError('setup_missing', message, { isRetryable: false });
}
