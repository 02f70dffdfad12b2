// Why a member gets no clip: each refusal as a kind with its figures, so that every language says one whole sentence.

/** Whose limit it is. */
export type LimitHolder = 'member' | 'channel' | 'server' | 'everyone';

export interface LimitFigures {
  limit: 'atOnce' | 'perDay' | 'gpuSecondsPerDay' | 'cooldownSeconds' | 'resolution' | 'seconds';
  of: LimitHolder;
  most: number | string;
  /** What was asked for, where the limit is one of size. */
  got: number | string | undefined;
  /** Until the next one can begin; undefined where nobody can know, or never. */
  waitSeconds: number | undefined;
}

/** The figures of each kind of refusal. What a member typed is in `got`, `typed` or `name`, and is shown as plain text. */
export interface RefusalFigures {
  command_unknown: { typed: string };
  option_twice: { option: string };
  option_unknown: { typed: string; meant: string };
  quote_unclosed: { option: string; got: string };
  prompt_missing: { isSwallowed: boolean };
  text_too_long: { option: 'prompt' | 'negative'; length: number; most: number };
  not_a_choice: { option: string; choices: readonly string[]; got: string };
  not_in_range: { option: string; from: number; to: number; isWhole: boolean; got: string };
  picture_missing: Record<never, never>;
  picture_gone: Record<never, never>;
  picture_hidden: Record<never, never>;
  picture_elsewhere: { service: string };
  picture_empty: Record<never, never>;
  picture_too_large: { bytes: number | undefined; most: number };
  picture_too_many_pixels: { width: number; height: number; most: number };
  picture_too_much_memory: { most: number };
  picture_too_small: { width: number; height: number; smallest: number };
  /** `noun` is an English one such as "a HEIC picture", empty where nobody knows; `name` the file's, where it claims to be a picture. */
  picture_wrong_type: { noun: string; name: string };
  picture_animated: { noun: string };
  picture_broken: Record<never, never>;
  picture_too_slow: { seconds: number };
  aspect_too_extreme: { width: number; height: number; most: number };
  render_unknown: Record<never, never>;
  render_picture_gone: Record<never, never>;
  not_yours: { owner: string };
  limit_reached: LimitFigures;
  /** So many of the member's pictures could not be used within an hour. */
  refused_pictures: { most: number; waitSeconds: number };
  /** What is kept of the member was sent to them within so many minutes. */
  exported_lately: { minutes: number };
  blocked: { until: number | undefined };
  blocked_automatically: { until: number };
  server_blocked: Record<never, never>;
  /** `until` is set where this one leads to a break. */
  refused: { strikes: number; mostStrikes: number; until: number | undefined };
  near_miss: Record<never, never>;
  consent_missing: { text: string };
  not_in_channel: { invite: string };
  thread_locked: Record<never, never>;
  channel_archived: Record<never, never>;
  posting_forbidden: Record<never, never>;
  admin_needed: Record<never, never>;
  place_refused: { service: string; why: string };
}

export type RefusalKind = keyof RefusalFigures;
export type RefusalReason = { [Kind in RefusalKind]: { kind: Kind } & RefusalFigures[Kind] }[RefusalKind];

/** How a service shows what is not the sentence itself. */
export interface Marks {
  /** What can be typed as it is. */
  code(text: string): string;
  /** An option, under the name that it has where the member gave it. */
  option(name: string): string;
  /** Somebody's own text: no mark-up of it comes alive. */
  text(text: string): string;
  /** A time, in milliseconds since the epoch; in the reader's own zone where the service can do that. */
  time(at: number): string;
  /** What the service calls the community that a channel is in. */
  community: 'server' | 'workspace';
}

export type RefusalSentences = {
  [Kind in RefusalKind]: (figures: RefusalFigures[Kind], marks: Marks) => string;
};
