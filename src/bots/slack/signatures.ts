// Whether a request is Slack's, made now, and made once. bolt looks at the signature alone, and takes a time of tomorrow.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isValidSlackRequest } from '@slack/bolt';
import type { Notes } from '../../queue/notes.ts';

const MAX_APART_SECONDS = 5 * 60;
/** From the earliest to the last moment that one counts. */
const KNOWN_FOR_SECONDS = 2 * MAX_APART_SECONDS;

export interface SignaturesOptions {
  secret: string;
  notes: Pick<Notes, 'isHere' | 'get' | 'put'>;
  now?: () => number;
}

export type Signatures = ReturnType<typeof createSignatures>;

export function createSignatures({ secret, notes, now = Date.now }: SignaturesOptions) {
  return {
    /** `repeated`: the same request was answered before. What has a wrong signature is left to bolt. */
    async judge(
      request: IncomingMessage,
      body: Buffer,
      response: ServerResponse,
    ): Promise<'taken' | 'refused' | 'repeated'> {
      const { 'x-slack-signature': signature, 'x-slack-request-timestamp': time } = request.headers;
      if (typeof signature !== 'string' || typeof time !== 'string') return 'taken';
      // bolt reads to a second `=` and no further: one signature would have many names, and each could be sent once more.
      if (!/^v0=[\da-f]{64}$/.test(signature)) return 'refused';
      if (!/^\d{1,12}$/.test(time) || Math.abs(now() / 1000 - Number(time)) > MAX_APART_SECONDS) return 'refused';
      const headers = { 'x-slack-signature': signature, 'x-slack-request-timestamp': Number(time) };
      const isSlacks = isValidSlackRequest({
        ...{ signingSecret: secret, body: body.toString(), headers, nowMilliseconds: now() },
      });
      // While Redis is away nothing is begun either, and members are told so.
      if (!isSlacks || !notes.isHere) return 'taken';
      const name = `signature:${signature}`;
      if ((await notes.get(name)) !== undefined) return 'repeated';
      // Not before: of a bot that dies in the middle Slack has no answer, and sends it again.
      response.once('finish', () => {
        if (response.statusCode < 300) notes.put(name, '1', KNOWN_FOR_SECONDS).catch(() => undefined);
      });
      return 'taken';
    },
  };
}
