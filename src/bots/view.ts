// What people read: one render's state as words, numbers and buttons. No platform's markup; adapters draw it.

import type { RenderStatus } from '../queue/queue.ts';
import type { Outcome, RenderEntry, RenderRecord } from '../queue/records.ts';
import { isMadeWithAi, type Progress, type RenderRequest, type RenderResult } from '../render.ts';
import { wordsOf } from './languages/languages.ts';
import type { Words } from './languages/words.ts';

export type Button = 'cancel' | 'again' | 'edit' | 'larger' | 'extend' | 'delete';

export interface Fact {
  label: string;
  value: string;
}

/** The state of one render, ready to be drawn. */
export interface View {
  renderId: string;
  /** The member's, such as `de`; undefined is English. */
  language: string | undefined;
  kind: 'waiting' | 'rendering' | 'done' | 'failed' | 'cancelled' | 'deleted';
  /** One short line: "3rd in line", "Denoising, step 2 of 3", "Here is your clip". */
  headline: string;
  /** One more sentence where it helps: why it failed, what was freed by a cancel. Empty if there is nothing to add. */
  detail: string;
  /** 0 to 1 while rendering; undefined when no honest figure exists. */
  fraction: number | undefined;
  /** When the clip is expected, in milliseconds since the epoch; undefined until there are past renders to learn from. */
  readyAt: number | undefined;
  facts: Fact[];
  buttons: Button[];
  /** What was asked for: the words, and the options that a member may want to change. */
  request: Pick<RenderRequest, 'prompt' | 'negative' | 'resolution' | 'quality' | 'seconds' | 'seed'>;
}

/** What a view needs to know of its render. */
type Asked = Pick<RenderRecord, 'id' | 'request' | 'language'>;

/** The view of a render that was just accepted, before it is in the queue. */
export function firstView(asked: Asked): View {
  return blank(asked, { kind: 'waiting', headline: wordsOf(asked.language).gettingInLine, buttons: ['cancel'] });
}

export function toView({ record }: RenderEntry, status: RenderStatus, now: number, isAiLabelled = true): View {
  const words = wordsOf(record.language);
  switch (status.state) {
    case 'waiting':
      return blank(record, {
        kind: 'waiting',
        ...describeWait(status, record.request, words),
        readyAt: toTime(status.secondsLeft, now),
        buttons: ['cancel'],
      });
    case 'rendering':
      return blank(record, {
        kind: 'rendering',
        headline: status.progress ? describeProgress(status.progress, words) : words.starting,
        fraction: status.fraction,
        readyAt: toTime(status.secondsLeft, now),
        buttons: ['cancel'],
      });
    case 'ended':
      return toOutcomeView(record, status.outcome, isAiLabelled);
  }
}

/** It says how the render ended. */
export function isOutcome({ kind }: View): boolean {
  return kind === 'done' || kind === 'failed' || kind === 'cancelled';
}

/** `isAiLabelled`: clips of models say that they were made with AI. */
export function toOutcomeView(asked: Asked, outcome: Outcome, isAiLabelled = true): View {
  const words = wordsOf(asked.language);
  switch (outcome.kind) {
    case 'done': {
      const isSmall = asked.request.resolution === '480p';
      return blank(asked, {
        kind: 'done',
        headline: words.done,
        fraction: 1,
        facts: toFacts(outcome, words, isAiLabelled),
        buttons: ['again', 'edit', ...(isSmall ? (['larger'] as const) : []), 'extend', 'delete'],
      });
    }
    case 'failed':
      return blank(asked, {
        kind: 'failed',
        headline: words.failed,
        detail: `${words.failure(outcome.code, outcome.message)} ${words.askForHelp(asked.id)}`,
        buttons: ['again', 'edit', 'delete'],
      });
    case 'cancelled':
      return blank(asked, {
        kind: 'cancelled',
        headline: words.cancelled,
        detail: words.freed[outcome.freed],
        buttons: ['again', 'edit', 'delete'],
      });
    case 'deleted':
      return blank(asked, { kind: 'deleted', headline: words.deleted });
  }
}

function describeWait(
  { place, workers, isRetry }: Extract<RenderStatus, { state: 'waiting' }>,
  request: RenderRequest,
  words: Words,
): { headline: string; detail: string } {
  const detail = describeMissing(workers, request, words);
  if (isRetry) return { headline: words.tryingAgain, detail };
  if (!place) return { headline: words.aboutToStart, detail };
  return { headline: place.position === 1 ? words.nextInLine : words.inLine(place.position), detail };
}

/** What has to come before it can start, if that is not just its turn. */
function describeMissing(
  { online, able, loaded }: Extract<RenderStatus, { state: 'waiting' }>['workers'],
  { resolution, quality }: RenderRequest,
  words: Words,
): string {
  if (online === 0) return words.noWorker;
  if (able === 0) return words.noGpu(resolution, quality);
  return loaded === 0 ? words.stillLoading : '';
}

function describeProgress(progress: Progress, { stage }: Words): string {
  if (progress.stage === 'denoising' || progress.stage === 'decoding') {
    return stage[progress.stage](progress.step, progress.steps);
  }
  return stage[progress.stage];
}

function toFacts(
  { result, seconds, engineSeconds }: Extract<Outcome, { kind: 'done' }>,
  words: Words,
  isAiLabelled: boolean,
): Fact[] {
  const { facts, took } = words;
  return [
    ...(isAiLabelled && isMadeWithAi(result) ? [{ label: facts.madeWith, value: words.ai }] : []),
    { label: facts.size, value: `${result.width}×${result.height}` },
    { label: facts.length, value: describeSeconds(result.frames / result.fps, words) },
    { label: facts.seed, value: String(result.seed) },
    { label: facts.took, value: took(describeSeconds(seconds, words), describeSeconds(engineSeconds, words)) },
    { label: facts.engine, value: describeEngine(result, words) },
  ];
}

function describeEngine({ engine, model }: RenderResult, words: Words): string {
  // Nobody may take a camera move for the model's work.
  if (!isMadeWithAi({ engine })) return words.preview;
  return model === engine ? engine : `${engine}, ${model}`;
}

function describeSeconds(seconds: number, { locale }: Words): string {
  if (seconds >= 120) return `${Math.round(seconds / 60)} min`;
  const digits = seconds < 10 ? 1 : 0;
  return `${seconds.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits })} s`;
}

/** "33%", or "33 %" where there is a space before the sign. Never more than there is. */
export function describeShare(fraction: number, { locale }: Words): string {
  return (Math.floor(fraction * 100) / 100).toLocaleString(locale, { style: 'percent' });
}

function toTime(secondsLeft: number | undefined, now: number): number | undefined {
  return secondsLeft === undefined ? undefined : now + secondsLeft * 1000;
}

function blank({ id, request, language }: Asked, parts: Partial<View> & Pick<View, 'kind' | 'headline'>): View {
  const { prompt, negative, resolution, quality, seconds, seed } = request;
  return {
    renderId: id,
    language,
    detail: '',
    fraction: undefined,
    readyAt: undefined,
    facts: [],
    buttons: [],
    request: { prompt, negative, resolution, quality, seconds, seed },
    ...parts,
  };
}
