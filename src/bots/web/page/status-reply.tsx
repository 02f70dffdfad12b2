// The bot's answer to one command: the way to the clip, then the clip.
import type { Reply } from '../wire.ts';
import { ClipPlayer } from './clip-player.tsx';
import { describeClock } from './clock.ts';
import type { FeedActions } from './feed-actions.ts';
import { Mark } from './icons.tsx';
import { Progress } from './progress.tsx';
import { RenderButtons } from './render-buttons.tsx';
import { Stage } from './stage.tsx';

interface StatusReplyProps extends FeedActions {
  reply: Reply;
}

export function StatusReply({ reply, onEdit, onNotice }: StatusReplyProps) {
  const { view, clip } = reply;
  const isUnderWay = view.kind === 'waiting' || view.kind === 'rendering';
  return (
    <article class="reply" data-kind={view.kind} data-render={view.renderId} aria-label={view.headline}>
      <p class="byline">
        <span class="bot-avatar">
          <Mark />
        </span>
        <span class="author">animate</span>
        <span class="tag">Bot</span>
        <time dateTime={new Date(reply.sentAt).toISOString()}>{describeClock(reply.sentAt)}</time>
      </p>
      {/* The channel reads out each new message. What changes inside one is told once, when it ends. */}
      <div class="render" aria-live="off">
        <p class="headline">{view.headline}</p>
        {view.detail !== '' && <p class="detail">{view.detail}</p>}
        {isUnderWay && <Stage reply={reply} />}
        {isUnderWay && <Progress reply={reply} />}
        {clip !== undefined && view.kind === 'done' && <ClipPlayer clip={clip} reply={reply} />}
        {view.facts.length > 0 && (
          <dl class="facts">
            {view.facts.map(({ label, value }) => (
              <div key={label} data-preview={isPreview(value)}>
                <dt>{label}</dt>
                <dd>{value}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
      <RenderButtons reply={reply} onEdit={onEdit} onNotice={onNotice} />
    </article>
  );
}

function isPreview(fact: string): boolean {
  return /\bpreview\b/i.test(fact);
}
