// What bots and workers say of their work as it happens, for whoever counts it. Nothing here tells one member from another.
import type { OperationErrorCode, UserErrorCode } from './errors.ts';
import type { Quality, Resolution } from './render.ts';

type Setting = { resolution: Resolution; quality: Quality };

export interface Meter {
  accepted(platform: string): void;
  /** A command that was not taken, by the code of what its member was told; `limit_reached` is a limit's doing. */
  refused(platform: string, code: UserErrorCode): void;
  /** From the command to the first engine. */
  waited(setting: Setting, seconds: number): void;
  /** On the engine, in all and by stage. */
  rendered(setting: Setting, seconds: number, stages: Record<string, number>): void;
  /** By the outcome that stands; a failure also by its code. */
  ended(outcome: 'done' | 'failed' | 'cancelled' | 'deleted', code?: string): void;
  /** An attempt on an engine that came to nothing, whether it is tried again or not. */
  attemptFailed(code: OperationErrorCode | 'bug'): void;
  /** `seconds` are from the command to the message. */
  delivered(platform: string, seconds: number): void;
  deliveryFailed(platform: string): void;
}
