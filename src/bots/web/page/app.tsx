// The whole page: header, channel and composer, and what they share.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { useChannel } from './channel-feed.ts';
import { Composer } from './composer.tsx';
import { useDisplayName, useDraft } from './draft.ts';
import { Feed } from './feed.tsx';
import { Header } from './header.tsx';
import { Icon } from './icons.tsx';
import { toAttachment, useIncomingFiles } from './pictures.ts';
import { useTold } from './told.ts';

/** Until the server has said what it takes. */
const ANY_SIZE = Number.POSITIVE_INFINITY;
const NOTICE_MS = 6000;

export function App() {
  const { channel, connection } = useChannel();
  const [name, setName] = useDisplayName();
  const draft = useDraft();
  const [complaint, setComplaint] = useState('');
  const [notice, setNotice] = useState('');
  const told = useTold(channel?.messages);
  const maxPictureBytes = channel?.maxPictureBytes ?? ANY_SIZE;

  const onFiles = useCallback(
    (files: File[]) => {
      const attachment = toAttachment(files, maxPictureBytes);
      setComplaint(typeof attachment === 'string' ? attachment : '');
      if (typeof attachment !== 'string') draft.attach(attachment);
      focusComposer();
    },
    [maxPictureBytes, draft.attach],
  );
  const isDragging = useIncomingFiles(onFiles);

  useEffect(() => {
    if (notice === '') return;
    const timer = setTimeout(() => setNotice(''), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);

  return (
    <div class="app">
      <Header connection={connection} name={name} onName={setName} />
      <Feed
        messages={channel?.messages}
        onExample={(text) => {
          draft.setText(text);
          focusComposer();
        }}
        onEdit={(text, attachment) => {
          draft.edit({ text, attachment });
          setComplaint('');
          focusComposer();
        }}
        onNotice={setNotice}
      />
      <footer class="dock">
        <p class="notice" role="status" data-shown={notice !== ''}>
          {notice}
        </p>
        <Composer draft={draft} author={name} complaint={complaint} onComplaint={setComplaint} onFiles={onFiles} />
      </footer>
      <p class="unseen" role="status" aria-label="Renders">
        {told}
      </p>
      {isDragging && (
        <div class="drop" aria-hidden="true">
          <div class="drop-card">
            <Icon name="picture" />
            Drop the picture to animate it
          </div>
        </div>
      )}
    </div>
  );
}

function focusComposer(): void {
  // After the change that is under way has been drawn, so that the caret goes to the end of the new text.
  requestAnimationFrame(() => {
    const composer = document.querySelector<HTMLTextAreaElement>('#composer');
    // Whoever is writing already keeps the caret where it is: a picture may be pasted in the middle of a sentence.
    if (composer === null || composer === document.activeElement) return;
    composer.focus();
    composer.setSelectionRange(composer.value.length, composer.value.length);
  });
}
