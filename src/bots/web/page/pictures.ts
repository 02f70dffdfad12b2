// Pictures from the outside: picked, dropped anywhere on the page, or pasted.
import { useEffect, useState } from 'preact/hooks';
import { mayBePicture } from '../../../media/picture-kinds.ts';
import { refusal } from '../../../refusals.ts';
import type { Attachment } from './send.ts';

/** An attachment, or the sentence that says why not. The bot looks closer; this spares an upload that cannot succeed. */
export function toAttachment(files: Iterable<File>, maxBytes: number): Attachment | string {
  const all = [...files];
  const file = all.find(({ type, name }) => mayBePicture({ contentType: type, filename: name }));
  if (file === undefined) return refusal('picture_wrong_type', { noun: '', name: all[0]?.name ?? '' }).message;
  if (file.size > maxBytes) return refusal('picture_too_large', { bytes: file.size, most: maxBytes }).message;
  return { kind: 'file', file, preview: URL.createObjectURL(file) };
}

/** Calls back with what is dropped or pasted on the page; true while something is dragged over it. */
export function useIncomingFiles(onFiles: (files: File[]) => void): boolean {
  const [isDragging, setDragging] = useState(false);
  useEffect(() => {
    // Every element that the pointer crosses fires its own enter and leave.
    let depth = 0;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
    const listeners = {
      dragenter(event: DragEvent) {
        if (!hasFiles(event)) return;
        depth += 1;
        setDragging(true);
      },
      dragleave(event: DragEvent) {
        if (!hasFiles(event)) return;
        depth -= 1;
        if (depth <= 0) setDragging(false);
      },
      dragover(event: DragEvent) {
        // Without this the browser would leave the page to show the picture.
        if (hasFiles(event)) event.preventDefault();
      },
      drop(event: DragEvent) {
        if (!hasFiles(event)) return;
        event.preventDefault();
        depth = 0;
        setDragging(false);
        onFiles([...(event.dataTransfer?.files ?? [])]);
      },
    };
    const onPaste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      onFiles(files);
    };
    const stop = new AbortController();
    for (const [name, listener] of Object.entries(listeners)) {
      addEventListener(name, (event) => listener(event as DragEvent), { signal: stop.signal });
    }
    addEventListener('paste', onPaste, { signal: stop.signal });
    return () => stop.abort();
  }, [onFiles]);
  return isDragging;
}
