// How often progress is shown: Slack takes about 50 edits a minute from an app in one workspace, over all its messages. Those
// beyond that wait, and of each message only the latest state does.
import { webApi } from '@slack/bolt';

const EDITS_PER_MINUTE = 40;
const MOST_AT_ONCE = 10;
const MS_PER_EDIT = 60_000 / EDITS_PER_MINUTE;

type Send = () => Promise<void>;

interface Budget {
  /** How many edits could be made at `at`, in milliseconds since the epoch. */
  left: number;
  at: number;
  waiting: Map<string, Send>;
  timer: NodeJS.Timeout | undefined;
}

export interface EditsOptions {
  /** What went wrong with an edit that had waited. */
  onError(error: unknown): void;
  now?: () => number;
}

export type Edits = ReturnType<typeof createEdits>;

export function createEdits({ onError, now = Date.now }: EditsOptions) {
  const budgets = new Map<string, Budget>();
  const underWay = new Map<string, Promise<void>>();
  let isStopped = false;

  const budgetOf = (team: string): Budget => {
    const known = budgets.get(team) ?? { left: MOST_AT_ONCE, at: now(), waiting: new Map(), timer: undefined };
    budgets.set(team, known);
    const earned = Math.max(0, now() - known.at) / MS_PER_EDIT;
    known.left = Math.min(MOST_AT_ONCE, known.left + earned);
    known.at = Math.max(known.at, now());
    return known;
  };

  const run = async (team: string, message: string, send: Send): Promise<void> => {
    const budget = budgetOf(team);
    budget.left -= 1;
    const sending = send().catch((error) => {
      if (!(error instanceof webApi.WebAPIRateLimitedError)) throw error;
      if (isStopped) return;
      // Others of this workspace's bots have used it up.
      budget.left = 0;
      budget.at = now() + error.retryAfter * 1000;
      if (!budget.waiting.has(message)) budget.waiting.set(message, send);
      schedule(team);
    });
    const settled = sending.catch(() => undefined);
    underWay.set(message, settled);
    await sending.finally(() => {
      if (underWay.get(message) === settled) underWay.delete(message);
    });
  };

  const flush = (team: string): void => {
    const budget = budgetOf(team);
    for (const [message, send] of budget.waiting) {
      if (budget.left < 1) break;
      budget.waiting.delete(message);
      void run(team, message, send).catch(onError);
    }
    if (budget.waiting.size > 0) schedule(team);
  };

  const schedule = (team: string): void => {
    const budget = budgetOf(team);
    if (budget.timer) return;
    const inMs = Math.max(0, budget.at - now()) + Math.max(0, 1 - budget.left) * MS_PER_EDIT;
    budget.timer = setTimeout(() => {
      budget.timer = undefined;
      flush(team);
    }, inMs);
  };

  return {
    /** Edits at once, or as soon as there is room. Resolves when it was sent, or is waiting. */
    async make(team: string, message: string, send: Send): Promise<void> {
      const budget = budgetOf(team);
      if (budget.left >= 1 && budget.waiting.size === 0) return run(team, message, send);
      budget.waiting.set(message, send);
      schedule(team);
    },

    /** No edit of this message is made any more once this resolves: what comes next is its last state. */
    async end(team: string, message: string): Promise<void> {
      budgets.get(team)?.waiting.delete(message);
      await underWay.get(message);
      // Slack may have put it off.
      budgets.get(team)?.waiting.delete(message);
    },

    stop(): void {
      isStopped = true;
      for (const { timer } of budgets.values()) clearTimeout(timer);
      budgets.clear();
    },
  };
}
