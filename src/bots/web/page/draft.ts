// What is in the composer: kept over a reload, and set aside while an earlier command is edited.
import { useEffect, useState } from 'preact/hooks';
import type { Attachment } from './send.ts';

const TEXT_KEY = 'animate.draft';
const NAME_KEY = 'animate.name';

interface Content {
  text: string;
  attachment: Attachment | undefined;
}

export interface Draft extends Content {
  isEdit: boolean;
  setText(text: string): void;
  attach(attachment: Attachment | undefined): void;
  /** Puts an earlier command in, and the draft that was there aside. */
  edit(content: Content): void;
  /** Empties the composer, or brings back what an edit set aside. */
  finish(): void;
}

const EMPTY: Content = { text: '', attachment: undefined };

export function useDraft(): Draft {
  const [content, setContent] = useState<Content>(() => ({ ...EMPTY, text: recall(TEXT_KEY) }));
  const [aside, setAside] = useState<Content | undefined>(undefined);
  const kept = aside ?? content;
  useEffect(() => remember(TEXT_KEY, kept.text), [kept.text]);
  return {
    ...content,
    isEdit: aside !== undefined,
    setText: (text) => setContent((before) => ({ ...before, text })),
    attach(attachment) {
      release(content.attachment);
      setContent((before) => ({ ...before, attachment }));
    },
    edit(next) {
      setAside((before) => before ?? content);
      setContent(next);
    },
    finish() {
      release(content.attachment);
      setContent(aside ?? EMPTY);
      setAside(undefined);
    },
  };
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
