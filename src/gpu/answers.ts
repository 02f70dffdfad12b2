// Waits for a render server that was just started: until it answers, loading or not, or until it is clear that it will not.
import { setTimeout as sleep } from 'node:timers/promises';
import { OperationError } from '../errors.ts';
import { createEngineClient } from './client.ts';

/** From the start to the first answer: Python and its imports, not the model. */
const ANSWER_WITHIN_MS = 60_000;
const POLL_MS = 50;

interface StartedServer {
  socketPath: string;
  /** Resolves when it is gone, with what completes "The render server …". */
  exited: Promise<string>;
  logs: () => Promise<string>;
}

/** Throws OperationError `engine_exited` with the server's last lines, or the signal's reason. */
export async function untilItAnswers({ socketPath, exited, logs }: StartedServer, signal: AbortSignal): Promise<void> {
  let reason: string | undefined;
  void exited.then((text) => {
    reason = text;
  });
  const lastMoment = Date.now() + ANSWER_WITHIN_MS;
  while (!(await answers(socketPath, signal))) {
    if (reason === undefined && Date.now() > lastMoment) reason = `did not answer in ${ANSWER_WITHIN_MS / 1000} s`;
    if (reason !== undefined) {
      throw new OperationError('engine_exited', `The render server ${reason}. Its last lines:\n${await logs()}`);
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

export async function answers(socketPath: string, signal: AbortSignal): Promise<boolean> {
  const client = createEngineClient(socketPath);
  try {
    await client.health(signal);
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  } finally {
    await client.close();
  }
}
