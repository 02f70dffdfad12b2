// The picture that goes along with the command, with a way to take it off again.
import { useState } from 'preact/hooks';
import { Icon } from './icons.tsx';
import type { Attachment } from './send.ts';

export interface AttachmentPreviewProps {
  attachment: Attachment;
  isFixed: boolean;
  onRemove(): void;
}

export function AttachmentPreview({ attachment, isFixed, onRemove }: AttachmentPreviewProps) {
  const { preview } = attachment;
  // A browser cannot show every kind of picture that the bot can read.
  const [unshowable, setUnshowable] = useState<string | undefined>(undefined);
  const name = attachment.kind === 'file' ? attachment.file.name || 'pasted picture' : 'the picture of that command';
  return (
    <div class="attachment">
      {preview === undefined || preview === unshowable ? (
        <span class="no-preview">
          <Icon name="picture" />
        </span>
      ) : (
        <img src={preview} alt={`Attached: ${name}`} onError={() => setUnshowable(preview)} />
      )}
      <span class="attachment-name">{name}</span>
      <button
        class="remove"
        type="button"
        aria-label={`Remove ${name}`}
        title="Remove the picture"
        disabled={isFixed}
        onClick={onRemove}
      >
        <Icon name="close" />
      </button>
    </div>
  );
}
