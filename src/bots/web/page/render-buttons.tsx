// The buttons under a status reply. Pressed twice they act once; what came of it is said by the page's notice.
import { useRef, useState } from 'preact/hooks';
import { formatCommand } from '../../command.ts';
import type { Button } from '../../view.ts';
import type { Reply } from '../wire.ts';
import type { FeedActions } from './feed-actions.ts';
import { Icon, type IconName } from './icons.tsx';
import { pressButton } from './send.ts';

const LABELS = {
  cancel: 'Cancel',
  again: 'Again',
  edit: 'Edit',
  larger: '720p',
  extend: 'Extend',
  delete: 'Delete',
} satisfies Record<Button, string>;

export interface RenderButtonsProps extends FeedActions {
  reply: Reply;
}

export function RenderButtons({ reply, onEdit, onNotice }: RenderButtonsProps) {
  const { view, clip, picture } = reply;
  const [pending, setPending] = useState<Button | undefined>(undefined);
  const [isAsking, setAsking] = useState(false);
  // State is drawn a moment later, and a double click is faster than that.
  const isBusy = useRef(false);

  const press = async (action: Exclude<Button, 'edit'>) => {
    if (isBusy.current) return;
    isBusy.current = true;
    setAsking(false);
    setPending(action);
    onNotice(await pressButton(view.renderId, action));
    setPending(undefined);
    isBusy.current = false;
  };
  const onClick = (button: Button) => {
    if (button === 'delete') setAsking(true);
    else if (button !== 'edit') void press(button);
    else onEdit(formatCommand(view.request), { kind: 'render', renderId: view.renderId, preview: picture?.url });
  };
  if (view.buttons.length === 0 && clip === undefined) return null;

  if (isAsking) {
    return (
      // biome-ignore lint/a11y/useSemanticElements: a fieldset would be announced as a part of a form.
      <div class="buttons" role="group" aria-label="Delete this for everybody?">
        <span class="question">Delete this for everybody?</span>
        <button class="button danger" type="button" ref={focusOnce} onClick={() => void press('delete')}>
          Yes, delete
        </button>
        <button class="button" type="button" onClick={() => setAsking(false)}>
          Keep
        </button>
      </div>
    );
  }
  return (
    <div class="buttons">
      {clip !== undefined && (
        <a class="button" href={`${clip.url}?download=${encodeURIComponent(clip.filename)}`} download={clip.filename}>
          <Icon name="download" />
          Download
        </a>
      )}
      {view.buttons.map((button) => (
        <button
          key={button}
          class={`button ${button}`}
          type="button"
          disabled={pending !== undefined}
          aria-busy={pending === button}
          onClick={() => onClick(button)}
        >
          <Icon name={button satisfies IconName} />
          {LABELS[button]}
        </button>
      ))}
    </div>
  );
}

function focusOnce(element: HTMLElement | null): void {
  element?.focus();
}
