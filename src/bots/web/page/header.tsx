// Where we are, whether we are connected, and who is typing.
import { useRef, useState } from 'preact/hooks';
import { Avatar } from './avatar.tsx';
import { LogOut } from './browsers.tsx';
import type { Connection } from './channel-feed.ts';
import { Icon, Mark } from './icons.tsx';
import { askAboutMe } from './send.ts';

const CONNECTION_WORDS = {
  connecting: 'Connecting…',
  live: 'Live',
  reconnecting: 'Reconnecting…',
} satisfies Record<Connection, string>;

export interface HeaderProps {
  connection: Connection;
  name: string;
  onName(name: string): void;
}

export function Header({ connection, name, onName }: HeaderProps) {
  return (
    <header class="header">
      <div class="header-inner">
        <Mark />
        <div class="channel-name">
          <h1>
            <span class="hash">#</span>animate
          </h1>
          <p class="topic">A picture and a sentence in, a short clip out</p>
        </div>
        {/* Whoever may open this page may open that one. */}
        <a class="elsewhere" href="/admin">
          Health
        </a>
        <p class="connection" role="status" data-connection={connection}>
          <span class="dot" />
          {CONNECTION_WORDS[connection]}
        </p>
        <DisplayName name={name} onName={onName} />
      </div>
    </header>
  );
}

/** Deletes for good, so it asks once more. */
function ForgetMe() {
  const [told, setTold] = useState('');
  const forget = async () => {
    if (!window.confirm('Delete every clip and picture of yours here? This cannot be undone.')) return;
    setTold((await askAboutMe('forget')) ?? 'The bot could not be reached. Please try again in a moment.');
  };
  return (
    <p role="status">
      <a class="link" href="/api/export" download>
        Download what is kept of me
      </a>
      <br />
      {told || (
        <button class="link" type="button" onClick={() => void forget()}>
          Delete all my clips
        </button>
      )}
    </p>
  );
}

function DisplayName({ name, onName }: Pick<HeaderProps, 'name' | 'onName'>) {
  const [isOpen, setOpen] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const opener = useRef<HTMLButtonElement>(null);
  const close = () => {
    setOpen(false);
    opener.current?.focus();
  };
  const save = () => {
    onName(input.current?.value.trim() ?? '');
    close();
  };
  return (
    <div class="me">
      <button
        class="me-button"
        type="button"
        ref={opener}
        aria-expanded={isOpen}
        aria-label={`Your name: ${name || 'Guest'}. Change it`}
        onClick={() => setOpen(!isOpen)}
      >
        <Avatar name={name || 'Guest'} />
        <span class="me-name">{name || 'Guest'}</span>
      </button>
      {isOpen && (
        <form
          class="me-form"
          onSubmit={(event) => {
            event.preventDefault();
            save();
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') close();
          }}
        >
          <label for="display-name">The name on your messages</label>
          <div class="me-row">
            <input
              id="display-name"
              ref={(element) => {
                if (element !== null && input.current === null) element.focus();
                input.current = element;
              }}
              defaultValue={name}
              placeholder="Guest"
              maxLength={40}
              autocomplete="nickname"
            />
            <button class="button primary" type="submit">
              <Icon name="check" />
              Save
            </button>
          </div>
          <ForgetMe />
          <LogOut />
        </form>
      )}
    </div>
  );
}
