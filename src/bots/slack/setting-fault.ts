// What of a token only the operator can mend, as far as Slack's own answers tell: it is refused, or lacks a scope.
import type { Logger } from '../../log.ts';
import type { Connection } from '../platform.ts';
import { describeRefusal, REFUSED_TOKENS } from './error-codes.ts';
import { BOT_SCOPES } from './manifest.ts';

/** What is to be done where Slack refuses the token of a setting. */
const REMEDIES = {
  SLACK_BOT_TOKEN: 'install the app again and put its new token here',
  SLACK_APP_TOKEN: 'make another app-level token with connections:write and put it here',
} as const;

export type SettingFault = ReturnType<typeof createSettingFault>;

export function createSettingFault(log: Logger, setting: keyof typeof REMEDIES) {
  let refusedToken: string | undefined;
  /** The scope that each method was refused for. */
  const lacking = new Map<string, string>();

  const sentence = (): string | undefined => {
    if (refusedToken !== undefined) {
      return `Slack refuses the token (${refusedToken}); ${REMEDIES[setting]}`;
    }
    const [scope] = lacking.values();
    if (scope === undefined) return undefined;
    return `the token lacks the scope ${scope} (${scopeReason(scope)}); add it to the app and install it again`;
  };

  /** Said once, when it changes. */
  const telling = (change: () => void): void => {
    const before = sentence();
    change();
    const now = sentence();
    if (now !== undefined && now !== before) log.error({ setting }, `${setting}: ${now}`);
    if (now === undefined && before !== undefined) log.info({ setting }, `${setting}: Slack takes the token again`);
  };

  return {
    /** Hears how each request to Slack ended. */
    heard(method: string, error?: unknown): void {
      const { refusal = '', needed = '' } = describeRefusal(error);
      if (REFUSED_TOKENS.includes(refusal)) {
        telling(() => {
          refusedToken = refusal;
        });
      } else if (refusal === 'missing_scope') {
        // Scopes that the app does not ask for are not missed.
        const scope = needed.split(',').find((each) => each in BOT_SCOPES);
        if (scope !== undefined) telling(() => lacking.set(method, scope));
      } else if (error === undefined) {
        telling(() => {
          refusedToken = undefined;
          lacking.delete(method);
        });
      }
    },

    current(): Pick<Connection, 'fault'> {
      const now = sentence();
      return now === undefined ? {} : { fault: { setting, sentence: now } };
    },
  };
}

function scopeReason(scope: string): string {
  return BOT_SCOPES[scope as keyof typeof BOT_SCOPES];
}
