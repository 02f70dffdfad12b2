// Checks an installation: one line per check, and for each that is not well what to do about it.
import { execFile } from 'node:child_process';
import { constants, existsSync } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import type { Config } from '../config.ts';
import { OperationError } from '../errors.ts';
import { connectRedis } from '../queue/redis.ts';
import { createRoster } from '../queue/roster.ts';
import { pythonOf } from '../roles.ts';
import { findRedisServer, isRecent } from './redis-server.ts';

const PROBE_TIMEOUT_MS = 10_000;
const GIBIBYTE = 1024 ** 3;
const SCARCE_GIBIBYTES = 5;

type Verdict = 'ok' | 'warn' | 'fail';

interface Finding {
  verdict: Verdict;
  subject: string;
  /** What was found, and unless it is ok, what to do next. */
  text: string;
}

/** Prints every finding. False if one of them is a failure. */
export async function runDoctor(config: Config, output: NodeJS.WritableStream = process.stdout): Promise<boolean> {
  const checks = [checkNode, checkPython, checkRedis, checkWorkers, checkDisk, checkGpu, checkDocker];
  const findings = await Promise.all(checks.map((check) => check(config)));
  for (const { verdict, subject, text } of findings)
    output.write(`${verdict.padEnd(4)}  ${subject.padEnd(7)} ${text}\n`);
  return findings.every(({ verdict }) => verdict !== 'fail');
}

async function checkNode(): Promise<Finding> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const isEnough = major > 20 || (major === 20 && minor >= 19);
  const advice = isEnough ? '' : '; expected 20.19 or newer: install it from your package manager';
  return { verdict: isEnough ? 'ok' : 'fail', subject: 'Node', text: `${process.versions.node}${advice}` };
}

async function checkPython(config: Config): Promise<Finding> {
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

async function checkRedis(config: Config): Promise<Finding> {
  const subject = 'Redis';
  if (!config.redisUrl) {
    try {
      return {
        verdict: 'ok',
        subject,
        text: `none given; \`start\` runs its own: ${await findRedisServer(pythonOf(config))}`,
      };
    } catch (error) {
      return { verdict: 'fail', subject, text: lastLine(error) };
    }
  }
  let giveUp = (_error: Error): void => undefined;
  const unreachable = new Promise<never>((_, reject) => {
    giveUp = reject;
  });
  // A role would wait for its Redis; whoever asks a doctor wants to know now.
  const redis = connectRedis(config.redisUrl, (error) => giveUp(error));
  try {
    const info = await withTimeout(Promise.race([redis.info(), unreachable]));
    const version = /redis_version:(\S+)/.exec(info)?.[1];
    const isDurable = /aof_enabled:1/.test(info);
    const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
    const found = `${version}, ${isDurable ? 'append-only file on' : 'append-only file off'}, ${policy}`;
    if (!isRecent(version)) return { verdict: 'fail', subject, text: `${found}; expected 6.2 or newer` };
    if (policy !== 'noeviction') {
      return {
        verdict: 'fail',
        subject,
        text: `${found}; set \`maxmemory-policy noeviction\`, or waiting renders can vanish`,
      };
    }
    if (!isDurable)
      return { verdict: 'warn', subject, text: `${found}; set \`appendonly yes\`, or a restart forgets renders` };
    return { verdict: 'ok', subject, text: found };
  } catch (error) {
    return {
      verdict: 'fail',
      subject,
      text: `REDIS_URL does not answer (${lastLine(error)}); check the address and the password`,
    };
  } finally {
    redis.disconnect();
  }
}

/** Who is online, and how their engines were launched. */
async function checkWorkers({ redisUrl }: Config): Promise<Finding> {
  const subject = 'Workers';
  if (!redisUrl) return { verdict: 'ok', subject, text: '`start` runs its own' };
  const redis = connectRedis(redisUrl, () => undefined);
  try {
    const workers = await withTimeout(createRoster(redis).list());
    if (workers.length > 0) {
      const each = workers.map(
        ({ host, engine, slots, launched }) => `${host}: ${slots} × ${engine}, launched ${launched}`,
      );
      return { verdict: 'ok', subject, text: each.join('; ') };
    }
    return {
      verdict: 'warn',
      subject,
      text: 'none is online; expected at least one: `node dist/main.js worker` starts it',
    };
  } catch (error) {
    return { verdict: 'warn', subject, text: `nobody can tell (${lastLine(error)}); check the line of Redis` };
  } finally {
    redis.disconnect();
  }
}

async function checkDisk({ dataFolder }: Config): Promise<Finding> {
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

async function checkGpu(): Promise<Finding> {
  const fields = ['name', 'memory.total', 'driver_version'];
  try {
    const cards = await probe('nvidia-smi', [`--query-gpu=${fields.join(',')}`, '--format=csv,noheader']);
    return { verdict: 'ok', subject: 'GPU', text: cards.trim().replaceAll('\n', '; ') };
  } catch {
    return {
      verdict: 'warn',
      subject: 'GPU',
      text: 'none found by nvidia-smi; nothing to do for previews (a camera move over the still)',
    };
  }
}

async function checkDocker(): Promise<Finding> {
  try {
    const version = (await probe('docker', ['version', '--format', '{{.Server.Version}}'])).trim();
    return { verdict: 'ok', subject: 'Docker', text: `engine ${version}` };
  } catch {
    return {
      verdict: 'warn',
      subject: 'Docker',
      text: 'no engine answers; nothing to do for previews, which run as processes of this machine',
    };
  }
}

async function probe(program: string, args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { timeout: PROBE_TIMEOUT_MS });
  return stdout;
}

async function withTimeout<Value>(answer: Promise<Value>): Promise<Value> {
  const timeout = AbortSignal.timeout(PROBE_TIMEOUT_MS / 2);
  const expired = new Promise<never>((_, reject) => {
    timeout.addEventListener('abort', () => reject(new Error('no answer')), { once: true });
  });
  return Promise.race([answer, expired]);
}

function lastLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n').at(-1) ?? message;
}
