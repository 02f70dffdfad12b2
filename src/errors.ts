// The kinds of error, told apart by what their catcher does. Each carries a stable code; compare codes, never messages.
// A bug is any other Error: it is logged with its stack and never shown to a member.
import type { RefusalReason } from './refusal-kinds.ts';

/** What a refusal comes with, besides its sentence. */
export interface RefusalOptions extends ErrorOptions {
  offers?: readonly Offer[];
}

/**
 * Something the member can put right; nothing is retried. Its message is the English sentence, for logs and shells; with a
 * reason, which `refusal` of refusals.ts gives it, members read it in their own language.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly code: UserErrorCode;
  readonly reason: RefusalReason | undefined;
  /** What the bot can do instead, if the member says so: the same command with that option. */
  readonly offers: readonly Offer[];

  constructor(code: UserErrorCode, message: string, options: RefusalOptions & { reason?: RefusalReason } = {}) {
    super(message, options);
    this.code = code;
    this.reason = options.reason;
    this.offers = options.offers ?? [];
  }
}

/** Crop or pad a picture that is too wide or too tall; take the first frame of an animation. */
export type Offer = 'crop' | 'pad' | 'first_frame';

export type UserErrorCode =
  | 'bad_command'
  | 'bad_option'
  | 'prompt_missing'
  | 'prompt_too_long'
  | 'picture_missing'
  | 'picture_too_large'
  | 'picture_too_small'
  | 'picture_wrong_type'
  | 'picture_animated'
  | 'picture_broken'
  | 'picture_too_slow'
  | 'aspect_too_extreme'
  | 'render_unknown'
  | 'not_allowed'
  | 'blocked'
  | 'refused'
  | 'consent_missing'
  | 'limit_reached'
  | 'place_closed'
  | 'place_refused';

/** Something outside this process went wrong. `isRetryable` says whether trying again can help. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly code: OperationErrorCode;
  readonly isRetryable: boolean;

  constructor(code: OperationErrorCode, message: string, options: ErrorOptions & { isRetryable?: boolean } = {}) {
    super(message, options);
    this.code = code;
    this.isRetryable = options.isRetryable ?? true;
  }
}

export type OperationErrorCode =
  | 'engine_unreachable'
  | 'engine_not_ready'
  | 'engine_busy'
  | 'engine_exited'
  | 'engine_silent'
  | 'engine_protocol'
  | 'render_failed'
  | 'render_cancelled'
  | 'command_given_up'
  | 'clip_missing'
  | 'store_unavailable'
  | 'redis_unavailable'
  | 'classifier_unavailable'
  | 'service_unreachable'
  | 'setup_missing';

/** What is wrong with the environment: one line per variable, each naming it, what was expected and what came. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: string[];

  constructor(faults: string[]) {
    super(
      `The configuration has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  ${fault}`).join('\n')}`,
    );
    this.faults = faults;
  }
}
