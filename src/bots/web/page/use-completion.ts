// Which suggestions are open, which one is active, and what the keys do to them.
import { useState } from 'preact/hooks';
import { type Completion, complete } from './completion.ts';

export interface OpenCompletion {
  current: Completion | undefined;
  active: number | undefined;
  /** True when the key was meant for the suggestions. */
  handleKey(key: string, isShifted: boolean, accept: (index: number) => void): boolean;
  onFocus(): void;
  onBlur(): void;
}

export function useCompletion(text: string, caret: number): OpenCompletion {
  const [isFocused, setFocused] = useState(false);
  // Both belong to the text at the moment of the key: whatever is typed next makes them void by itself, with no effect that
  // could come after the next key.
  const moment = `${caret}:${text}`;
  const [closedAt, setClosedAt] = useState('');
  const [pick, setPick] = useState<{ moment: string; index: number } | undefined>(undefined);

  const current = isFocused && closedAt !== moment ? complete(text, caret) : undefined;
  const active = pick?.moment === moment ? pick.index : current?.isCertain ? 0 : undefined;
  const setPicked = (index: number) => setPick({ moment, index });
  return {
    current,
    active,
    handleKey(key, isShifted, accept) {
      if (current === undefined) return false;
      const count = current.suggestions.length;
      switch (key) {
        case 'ArrowDown':
          setPicked(active === undefined ? 0 : (active + 1) % count);
          return true;
        case 'ArrowUp':
          setPicked(active === undefined ? count - 1 : (active + count - 1) % count);
          return true;
        case 'Escape':
          setClosedAt(moment);
          return true;
        case 'Tab': {
          // With nothing typed and nothing picked, Tab leaves the field as it does everywhere else.
          const isMeant = active !== undefined || current.end > current.start;
          if (isShifted || !isMeant) return false;
          accept(active ?? 0);
          return true;
        }
        case 'Enter':
          if (isShifted || active === undefined) return false;
          accept(active);
          return true;
        default:
          return false;
      }
    },
    onFocus: () => setFocused(true),
    onBlur: () => setFocused(false),
  };
}
