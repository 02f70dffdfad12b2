// Which suggestions are open, which one is active, and what the keys do to them.
import { useEffect, useState } from 'preact/hooks';
import { type Completion, complete } from './completion.ts';

export interface OpenCompletion {
  current: Completion | undefined;
  active: number | undefined;
  /** True when the key was meant for the suggestions. */
  handleKey(key: string, isShifted: boolean, accept: (index: number) => void): boolean;
  close(): void;
  reopen(): void;
}

export function useCompletion(text: string, caret: number): OpenCompletion {
  const [isOpen, setOpen] = useState(false);
  const [picked, setPicked] = useState<number | undefined>(undefined);
  // A closed list stays closed until something else is typed.
  useEffect(() => {
    setOpen(document.activeElement?.id === 'composer');
    setPicked(undefined);
  }, [text, caret]);

  const current = isOpen ? complete(text, caret) : undefined;
  const active = picked ?? (current?.isCertain ? 0 : undefined);
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
          setOpen(false);
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
    close: () => setOpen(false),
    reopen: () => setOpen(true),
  };
}
