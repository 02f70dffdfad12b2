// The channel's messages, oldest first, with the newest in view for as long as the reader is at the end.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { ChannelMessage } from '../wire.ts';
import { describeDay } from './clock.ts';
import { EmptyChannel } from './empty-channel.tsx';
import type { FeedActions } from './feed-actions.ts';
import { Icon } from './icons.tsx';
import { Message } from './message.tsx';

/** Closer to the end than this counts as at the end. */
const NEAR_END_PX = 120;

export interface FeedProps extends FeedActions {
  /** Undefined until they have been read. */
  messages: ChannelMessage[] | undefined;
  onExample(text: string): void;
}

export function Feed({ messages, onExample, onEdit, onNotice }: FeedProps) {
  const scroller = useRef<HTMLElement>(null);
  const list = useRef<HTMLOListElement>(null);
  const [isAtEnd, setAtEnd] = useState(true);
  const follows = useRef(true);
  const isEmpty = messages?.length === 0;
  const hasMessages = messages !== undefined && messages.length > 0;

  const toEnd = (behavior: ScrollBehavior) => {
    const element = scroller.current;
    if (element) element.scrollTo({ top: element.scrollHeight, behavior });
  };

  useEffect(() => {
    if (!hasMessages || list.current === null || scroller.current === null) return;
    // A reply that grows, a name that wraps, a keyboard that opens: all of them would push the newest out of view.
    const observer = new ResizeObserver(() => {
      if (follows.current) toEnd('instant');
    });
    observer.observe(list.current);
    observer.observe(scroller.current);
    return () => observer.disconnect();
  }, [hasMessages]);

  useLayoutEffect(() => {
    if (follows.current && hasMessages) toEnd('instant');
  }, [messages, hasMessages]);

  const now = Date.now();
  let day = '';
  return (
    <main
      class="feed"
      ref={scroller}
      tabIndex={-1}
      onScroll={({ currentTarget }) => {
        const { scrollTop, clientHeight, scrollHeight } = currentTarget;
        follows.current = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
        setAtEnd(follows.current);
      }}
    >
      {isEmpty && <EmptyChannel onExample={onExample} />}
      <div role="log" aria-label="Messages" aria-relevant="additions" hidden={!hasMessages}>
        <ol class="messages" ref={list}>
          {messages?.map((message) => {
            const before = day;
            day = describeDay(message.sentAt, now);
            return (
              <Message
                key={message.id}
                message={message}
                day={day === before ? undefined : day}
                onEdit={onEdit}
                onNotice={onNotice}
              />
            );
          })}
        </ol>
      </div>
      {!isAtEnd && hasMessages && (
        <button class="to-end" type="button" onClick={() => toEnd('smooth')}>
          <Icon name="down" />
          Newest
        </button>
      )}
    </main>
  );
}
