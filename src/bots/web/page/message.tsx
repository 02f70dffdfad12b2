// One command as its member sent it, and the thread under it.
import { useMemo } from 'preact/hooks';
import { COMMAND_NAME, DEFAULT_RESOLUTION, DEFAULT_SECONDS, type ParsedCommand, parseCommand } from '../../command.ts';
import type { ChannelMessage } from '../wire.ts';
import { Avatar } from './avatar.tsx';
import { describeClock } from './clock.ts';
import type { FeedActions } from './feed-actions.ts';
import { StatusReply } from './status-reply.tsx';

export interface MessageProps extends FeedActions {
  message: ChannelMessage;
  /** Set on the first message of a day. */
  day: string | undefined;
}

export function Message({ message, day, onEdit, onNotice }: MessageProps) {
  // A message that has not changed is the same object: what was drawn for it stays as it is. The actions are not
  // compared; they do the same whichever drawing they come from.
  const content = useMemo(() => <MessageContent message={message} onEdit={onEdit} onNotice={onNotice} />, [message]);
  return (
    <li class="message" id={message.id}>
      {day !== undefined && (
        <p class="day">
          <span>{day}</span>
        </p>
      )}
      {content}
    </li>
  );
}

function MessageContent({ message, onEdit, onNotice }: Omit<MessageProps, 'day'>) {
  const isDeleted = message.text === '' && message.author === '';
  const author = isDeleted ? 'Deleted' : message.author;
  const picture = isDeleted ? undefined : message.replies.find((reply) => reply.picture !== undefined)?.picture;
  return (
    <article class="command" aria-label={isDeleted ? 'Deleted command' : `Command of ${author}`}>
      <Avatar name={author} />
      <div class="command-body">
        <p class="byline">
          <span class="author">{author}</span>
          <time dateTime={new Date(message.sentAt).toISOString()}>{describeClock(message.sentAt)}</time>
        </p>
        {isDeleted ? <p class="prompt">This message has been deleted.</p> : <CommandText text={message.text} />}
        {picture !== undefined && (
          <img
            class="sent-picture"
            src={picture.url}
            width={picture.width}
            height={picture.height}
            alt={`Sent by ${author}`}
            loading="lazy"
            decoding="async"
          />
        )}
      </div>
      <section class="thread" aria-label="Thread">
        {message.replies.map((reply) => (
          <StatusReply key={reply.id} reply={reply} onEdit={onEdit} onNotice={onNotice} />
        ))}
      </section>
    </article>
  );
}

function CommandText({ text }: { text: string }) {
  const request = readAgain(text);
  if (request === undefined) return <p class="prompt">{text}</p>;
  const options = [
    request.resolution !== DEFAULT_RESOLUTION && request.resolution,
    request.seconds !== DEFAULT_SECONDS && `${request.seconds} s`,
    request.seed !== undefined && `seed ${request.seed}`,
    request.quality === 'best' && 'best quality',
    request.negative !== '' && `without ${request.negative}`,
  ].filter((option) => option !== false);
  return (
    <>
      <p class="prompt">
        <span class="slash">{COMMAND_NAME}</span> <span class="words">{request.prompt}</span>
      </p>
      {options.length > 0 && (
        <ul class="options" aria-label="Options">
          {options.map((option) => (
            <li key={option}>{option}</li>
          ))}
        </ul>
      )}
    </>
  );
}

/** The bot took this command, so it reads well; one from a later release may not. */
function readAgain(text: string): ParsedCommand | undefined {
  try {
    return parseCommand(text);
  } catch {
    return undefined;
  }
}
