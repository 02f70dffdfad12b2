// How fast Slack may be asked: its allowance for each method in one workspace, kept to before it has to refuse. The SDK's own
// answer to a refusal is to hold back every request of a client, also those that Slack would take.
import { setTimeout as sleep } from 'node:timers/promises';
import { webApi } from '@slack/bolt';

const SECOND_MS = 1000;
/** With a second to spare: requests are not as long on their way as those before them were. */
const MINUTE_MS = 61_000;

interface Allowance {
  calls: number;
  perMs: number;
}

/** See https://docs.slack.dev/apis/web-api/rate-limits; methods that are not here may be called as often as this bot ever does. */
const TIER_2 = { calls: 20, perMs: MINUTE_MS };
const TIER_3 = { calls: 50, perMs: MINUTE_MS };
const TIER_4 = { calls: 100, perMs: MINUTE_MS };
const ALLOWANCES: Record<string, Allowance> = {
  'chat.update': TIER_3,
  'chat.delete': TIER_3,
  'chat.postEphemeral': TIER_4,
  'conversations.info': TIER_3,
  'conversations.open': TIER_3,
  'files.completeUploadExternal': TIER_4,
  'files.delete': TIER_3,
  'files.getUploadURLExternal': TIER_4,
  'files.info': TIER_4,
  'usergroups.list': TIER_2,
  'users.info': TIER_4,
  'views.open': TIER_4,
  'views.publish': TIER_4,
  'views.update': TIER_4,
};
const POSTS_IN_ONE_CHANNEL = { calls: 1, perMs: 1100 };

/** Of each allowance this much is left to what cannot be left out. */
const KEPT_SHARE = 0.2;

/** Another program with the same token may use Slack's patience up, again and again. */
const MOST_REFUSALS = 5;

interface Line {
  sent: number[];
  heldUntil: number;
  waiting: number;
  last: Promise<void>;
}

export type Pace = ReturnType<typeof createPace>;

/** Of one workspace. Waits end with an error when `signal` is aborted. */
export function createPace(signal: AbortSignal, now: () => number = Date.now) {
  const lines = new Map<string, Line>();

  const lineOf = (method: string, channel: unknown): { line: Line; allowance: Allowance | undefined } => {
    const isPost = method === 'chat.postMessage';
    const key = isPost ? `${method} ${channel}` : method;
    const line = lines.get(key) ?? { sent: [], heldUntil: 0, waiting: 0, last: Promise.resolve() };
    lines.set(key, line);
    return { line, allowance: isPost ? POSTS_IN_ONE_CHANNEL : ALLOWANCES[method] };
  };

  /** How long until one of `calls` in the allowance's time is free. */
  const untilRoom = ({ sent, heldUntil }: Line, { calls, perMs }: Allowance): number => {
    while (sent[0] !== undefined && sent[0] <= now() - perMs) sent.shift();
    const blocking = sent[sent.length - calls];
    return Math.max(heldUntil - now(), blocking === undefined ? 0 : blocking + perMs - now(), 0);
  };

  const waitForRoom = async (line: Line, allowance: Allowance): Promise<void> => {
    for (let waitMs = untilRoom(line, allowance); waitMs > 0; waitMs = untilRoom(line, allowance)) {
      await sleep(waitMs, undefined, { signal });
    }
    line.sent.push(now());
  };

  return {
    /** Resolves when Slack can be asked, first come, first served. */
    async turn(method: string, channel: unknown): Promise<void> {
      const { line, allowance = { calls: Number.POSITIVE_INFINITY, perMs: 0 } } = lineOf(method, channel);
      line.waiting += 1;
      const turn = line.last
        .then(() => waitForRoom(line, allowance))
        .finally(() => {
          line.waiting -= 1;
        });
      line.last = turn.catch(() => undefined);
      await turn;
    },

    /** For what can be left out: 0 when Slack was asked for in time, or else in how many milliseconds there may be room. */
    tryTurn(method: string, channel: unknown): number {
      const { line, allowance } = lineOf(method, channel);
      if (!allowance) return Math.max(0, line.heldUntil - now());
      const { calls, perMs } = allowance;
      const waitMs = untilRoom(line, { calls: Math.ceil(calls * (1 - KEPT_SHARE)), perMs });
      if (waitMs === 0 && line.waiting === 0) {
        line.sent.push(now());
        return 0;
      }
      return Math.max(waitMs, SECOND_MS);
    },

    /** Slack has refused all the same. */
    hold(method: string, channel: unknown, forMs: number): void {
      const { line } = lineOf(method, channel);
      line.heldUntil = Math.max(line.heldUntil, now() + forMs);
    },
  };
}

/** How a request ended: with an error, or as it should. */
type Heard = (method: string, error?: unknown) => void;

/** `isPatient`: it waits for its turn; otherwise it says so at once, as Slack would, when it is not its turn. */
export class PacedClient extends webApi.WebClient {
  readonly #pace: Pace;
  readonly #isPatient: boolean;
  readonly #heard: Heard;

  constructor(
    token: string,
    options: webApi.WebClientOptions,
    { pace, isPatient, heard }: { pace: Pace; isPatient: boolean; heard: Heard },
  ) {
    super(token, { ...options, rejectRateLimitedCalls: true });
    this.#pace = pace;
    this.#isPatient = isPatient;
    this.#heard = heard;
  }

  override async apiCall(method: string, options: Record<string, unknown> = {}): Promise<webApi.WebAPICallResult> {
    for (let refusals = 1; ; refusals += 1) {
      await this.#await(method, options.channel);
      try {
        const answer = await super.apiCall(method, options);
        this.#heard(method);
        return answer;
      } catch (error) {
        this.#heard(method, error);
        if (!(error instanceof webApi.WebAPIRateLimitedError)) throw error;
        this.#pace.hold(method, options.channel, error.retryAfter * SECOND_MS);
        if (!this.#isPatient || refusals === MOST_REFUSALS) throw error;
      }
    }
  }

  async #await(method: string, channel: unknown): Promise<void> {
    if (this.#isPatient) return this.#pace.turn(method, channel);
    const waitMs = this.#pace.tryTurn(method, channel);
    if (waitMs > 0) throw new webApi.WebAPIRateLimitedError(Math.ceil(waitMs / SECOND_MS));
  }
}
