// What is in the composer: kept over a reload, and set aside while an earlier command is edited.
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Attachment } from './send.ts';

const TEXT_KEY = 'animate.draft';
const NAME_KEY = 'animate.name';

export interface Content {
  text: string;
  attachment: Attachment | undefined;
}

/** The actions stay the same ones for the life of the page: they may be kept and called at any time. */
export interface DraftActions {
  setText(text: string): void;
  attach(attachment: Attachment | undefined): void;
  /** Puts an earlier command in, and the draft that was there aside. */
  edit(content: Content): void;
  /** Empties the composer, or brings back what an edit set aside. */
  finish(): void;
}

export interface Draft extends Content, DraftActions {
  isEdit: boolean;
}

interface State extends Content {
  aside: Content | undefined;
}

const EMPTY: Content = { text: '', attachment: undefined };

export function useDraft(): Draft {
  const [state, setState] = useState<State>(() => ({ ...EMPTY, text: recall(TEXT_KEY), aside: undefined }));
  const actions = useMemo<DraftActions>(
    () => ({
      setText: (text) => setState((before) => ({ ...before, text })),
      attach(attachment) {
        setState((before) => {
          release(before.attachment);
          return { ...before, attachment };
        });
      },
      edit(content) {
        setState(({ aside, text, attachment }) => ({ ...content, aside: aside ?? { text, attachment } }));
      },
      finish() {
        setState((before) => {
          release(before.attachment);
          return { ...(before.aside ?? EMPTY), aside: undefined };
        });
      },
    }),
    [],
  );
  const kept = state.aside ?? state;
  useEffect(() => remember(TEXT_KEY, kept.text), [kept.text]);
  const { text, attachment, aside } = state;
  return { text, attachment, isEdit: aside !== undefined, ...actions };
}

export function useDisplayName(): [string, (name: string) => void] {
  const [name, setName] = useState(() => recall(NAME_KEY));
  useEffect(() => remember(NAME_KEY, name), [name]);
  return [name, setName];
}

function release(attachment: Attachment | undefined): void {
  if (attachment?.kind === 'file') URL.revokeObjectURL(attachment.preview);
}

// A browser may forbid a page to keep anything; the page works all the same.
function recall(key: string): string {
  try {
    return localStorage.getItem(key) ?? '';
  } catch {
    return '';
  }
}

function remember(key: string, value: string): void {
  try {
    if (value === '') localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {}
}
