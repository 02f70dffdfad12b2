// The place where the clip will be: the picture in grey, coloured from the left as far as the render has come.
import type { Reply } from '../wire.ts';

export function boxOf(reply: Reply): Record<string, string> {
  const { width, height } = reply.clip ?? reply.size ?? { width: 16, height: 9 };
  return { '--width': String(width), '--height': String(height) };
}

export function Stage({ reply }: { reply: Reply }) {
  const { picture, view } = reply;
  if (picture === undefined) return null;
  const done = view.kind === 'rendering' ? (view.fraction ?? 0) : 0;
  return (
    <div class="stage" style={{ ...boxOf(reply), '--done': `${done * 100}%` }} data-known={view.fraction !== undefined}>
      <img class="grey" src={picture.url} alt="" decoding="async" />
      <img class="colour" src={picture.url} alt="" decoding="async" />
    </div>
  );
}
