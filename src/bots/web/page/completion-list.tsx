// The suggestions above the composer. The keyboard stays in the text; the pointer may choose here.
import { useEffect, useRef } from 'preact/hooks';
import type { OpenCompletion } from './use-completion.ts';

/**
 * What makes the text a combobox. `ARIA in HTML` has no such role for a textarea, but no element is a text of several lines
 * with suggestions, and screen readers do take it: https://github.com/github/combobox-nav
 */
export function comboboxProps(listId: string, { current, active }: OpenCompletion): object {
  return {
    role: 'combobox',
    'aria-autocomplete': 'list',
    'aria-haspopup': 'listbox',
    'aria-expanded': current !== undefined,
    'aria-controls': listId,
    'aria-activedescendant': active === undefined ? undefined : optionId(listId, active),
  };
}

function optionId(listId: string, index: number): string {
  return `${listId}-${index}`;
}

export interface CompletionListProps {
  id: string;
  completion: OpenCompletion;
  onAccept(index: number): void;
}

export function CompletionList({ id, completion, onAccept }: CompletionListProps) {
  const { current, active } = completion;
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' });
  }, [active]);
  return (
    <div class="completion" hidden={current === undefined}>
      <p class="completion-title" aria-hidden="true">
        {current?.title}
        <span>
          <kbd>↑</kbd> <kbd>↓</kbd> <kbd>Tab</kbd>
        </span>
      </p>
      <div class="completion-list" id={id} role="listbox" aria-label={current?.title ?? 'Suggestions'} ref={list}>
        {current?.suggestions.map(({ label, description }, index) => (
          // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the text; aria-activedescendant points here.
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys are handled where the focus is.
          <div
            key={label}
            id={optionId(id, index)}
            class="suggestion"
            role="option"
            aria-selected={index === active}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => onAccept(index)}
          >
            <code>{label}</code>
            <span class="suggestion-note">{description}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
