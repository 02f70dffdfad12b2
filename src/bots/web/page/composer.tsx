// Where a command is written and sent. Whatever goes wrong, the words and the picture stay here.
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { type Offer, UserError } from '../../../errors.ts';
import { CHOOSER_ACCEPT } from '../../../media/picture-kinds.ts';
import { COMMAND_NAME, formatCommand, parseCommand, withOffer } from '../../command.ts';
import { AttachmentPreview } from './attachment-preview.tsx';
import { CompletionList, comboboxProps } from './completion-list.tsx';
import type { Draft } from './draft.ts';
import { Icon } from './icons.tsx';
import { askAboutMe, type Complaint } from './send.ts';
import { Sentence } from './sentence.tsx';
import { Upload } from './upload.tsx';
import { useCompletion } from './use-completion.ts';
import { useSending } from './use-sending.ts';

export interface ComposerProps {
  draft: Draft;
  author: string;
  complaint: string;
  onComplaint(sentence: string): void;
  onFiles(files: File[]): void;
}

const OFFERS: Record<Offer, string> = {
  crop: 'Crop and send',
  pad: 'Pad and send',
  first_frame: 'Send the first frame',
};
const LIST_ID = 'completion';
const NO_WAY_OUT: Pick<Complaint, 'isConsentMissing' | 'offers'> = { isConsentMissing: false, offers: [] };

export function Composer({ draft, author, complaint, onComplaint, onFiles }: ComposerProps) {
  const input = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const [caret, setCaret] = useState(draft.text.length);
  /** A text that was changed from here leaves the caret at its end; this is where it belongs. */
  const caretToSet = useRef<number | undefined>(undefined);
  const completion = useCompletion(draft.text, caret);
  const sending = useSending({
    onAccepted() {
      draft.finish();
      input.current?.focus();
    },
    onRefused(refusal) {
      onComplaint(refusal.message);
      setWayOut(refusal);
      // The field was out of use while the command was on its way, and lost the focus with that.
      requestAnimationFrame(() => input.current?.focus());
    },
  });
  const isSending = sending.state.kind === 'sending';
  const [wayOut, setWayOut] = useState(NO_WAY_OUT);

  useLayoutEffect(() => {
    const element = input.current;
    if (element === null) return;
    element.style.height = 'auto';
    element.style.height = `${element.scrollHeight}px`;
    if (caretToSet.current !== undefined) element.setSelectionRange(caretToSet.current, caretToSet.current);
    caretToSet.current = undefined;
  }, [draft.text]);

  const type = (text: string, at: number) => {
    draft.setText(text);
    setCaret(at);
    onComplaint('');
    setWayOut(NO_WAY_OUT);
    sending.forget();
  };
  const acceptAndSend = async () => {
    if ((await askAboutMe('accept')) === undefined)
      onComplaint('The bot could not be reached. Please try again in a moment.');
    else send();
  };
  const accept = (index: number) => {
    const suggestion = completion.current?.suggestions[index];
    if (completion.current === undefined || suggestion === undefined) return;
    const { start, end } = completion.current;
    const at = start + suggestion.insert.length;
    const rest = draft.text.slice(end);
    // A finished suggestion brings the space after it along.
    const isFinished = suggestion.insert.endsWith(' ');
    type(draft.text.slice(0, start) + suggestion.insert + (isFinished ? rest.trimStart() : rest), at);
    caretToSet.current = at;
  };
  const send = (text = draft.text) => {
    if (isSending) return;
    const fault = findFault({ ...draft, text });
    onComplaint(fault);
    setWayOut(NO_WAY_OUT);
    if (fault === '') void sending.send({ text, author, attachment: draft.attachment });
  };
  const takeOffer = (offer: Offer) => {
    const text = formatCommand(withOffer(parseCommand(draft.text), offer));
    type(text, text.length);
    send(text);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (completion.handleKey(event.key, event.shiftKey, accept)) event.preventDefault();
    else if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === 'Escape' && draft.isEdit) draft.finish();
  };

  return (
    <form
      class="composer"
      aria-label="Write a command"
      aria-busy={isSending}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <CompletionList id={LIST_ID} completion={completion} onAccept={accept} />
      {complaint !== '' && (
        <p class="complaint" role="alert">
          <Sentence text={complaint} />
          {(wayOut.isConsentMissing || wayOut.offers.length > 0) && (
            <span class="ways-out">
              {wayOut.isConsentMissing && (
                <button class="button primary" type="button" onClick={() => void acceptAndSend()}>
                  Accept and send
                </button>
              )}
              {wayOut.offers.map((offer) => (
                <button key={offer} class="button primary" type="button" onClick={() => takeOffer(offer)}>
                  {OFFERS[offer]}
                </button>
              ))}
            </span>
          )}
        </p>
      )}
      {sending.state.kind === 'unreachable' && (
        <p class="complaint" role="alert">
          The bot could not be reached. Nothing is lost: your words and your picture are still here.
        </p>
      )}
      {draft.isEdit && (
        <p class="editing">
          <Icon name="edit" />
          Editing an earlier command. It is sent as a new one.
          <button class="link" type="button" onClick={draft.finish}>
            Discard
          </button>
        </p>
      )}
      <div class="field">
        {draft.attachment !== undefined && (
          <AttachmentPreview
            attachment={draft.attachment}
            isFixed={isSending}
            onRemove={() => {
              draft.attach(undefined);
              sending.forget();
              input.current?.focus();
            }}
          />
        )}
        <div class="row">
          <button
            class="round"
            type="button"
            aria-label="Attach a picture"
            title="Attach a picture"
            disabled={isSending}
            onClick={() => picker.current?.click()}
          >
            <Icon name="attach" />
          </button>
          <input
            ref={picker}
            class="unseen"
            type="file"
            accept={CHOOSER_ACCEPT}
            tabIndex={-1}
            aria-hidden="true"
            onChange={({ currentTarget }) => {
              if (currentTarget.files?.length) onFiles([...currentTarget.files]);
              // The same picture can be picked again after it was removed.
              currentTarget.value = '';
            }}
          />
          <textarea
            id="composer"
            ref={input}
            rows={1}
            value={draft.text}
            readOnly={isSending}
            placeholder={`${COMMAND_NAME} how should it move?`}
            spellcheck
            enterkeyhint="send"
            aria-label="Command"
            {...comboboxProps(LIST_ID, completion)}
            aria-describedby="composer-help"
            onInput={({ currentTarget }) => type(currentTarget.value, currentTarget.selectionStart)}
            onKeyUp={({ currentTarget }) => setCaret(currentTarget.selectionStart)}
            onClick={({ currentTarget }) => setCaret(currentTarget.selectionStart)}
            onFocus={completion.onFocus}
            onBlur={completion.onBlur}
            onKeyDown={onKeyDown}
          />
          {isSending ? (
            <button class="round" type="button" aria-label="Stop sending" title="Stop sending" onClick={sending.abort}>
              <Icon name="close" />
            </button>
          ) : (
            <button
              class="round send"
              type="submit"
              aria-label={sending.state.kind === 'unreachable' ? 'Send again' : 'Send'}
              title="Send"
              data-ready={draft.text.trim() !== '' && draft.attachment !== undefined}
            >
              <Icon name="send" />
            </button>
          )}
        </div>
        {sending.state.kind === 'sending' && (
          <Upload fraction={sending.state.fraction} attempt={sending.state.attempt} />
        )}
      </div>
      <p class="help" id="composer-help">
        <span>
          <kbd>/</kbd> for commands and options
        </span>
        <span class="keys">
          <kbd>Enter</kbd> sends, <kbd>Shift</kbd> <kbd>Enter</kbd> starts a new line
        </span>
      </p>
    </form>
  );
}

/** What can be said without asking the bot, so that no picture is uploaded for nothing. */
function findFault({ text, attachment }: Draft): string {
  const isCommand = text.trim().startsWith('/');
  if (!isCommand && attachment === undefined) {
    return 'This channel turns pictures into clips: attach a picture and say how it should move.';
  }
  try {
    parseCommand(text);
    return '';
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}
