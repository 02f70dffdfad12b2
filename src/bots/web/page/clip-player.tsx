// A finished clip, playing in place while it is in view. Far from view it costs nothing but its box.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ClipLink, Reply } from '../wire.ts';
import { boxOf } from './stage.tsx';

/** Close enough that a reader may arrive before the first frame otherwise would. */
const LOAD_AHEAD = '800px';
const ENOUGH_IN_VIEW = 0.5;

export function ClipPlayer({ clip, reply }: { clip: ClipLink; reply: Reply }) {
  const video = useRef<HTMLVideoElement>(null);
  const [isNear, setNear] = useState(false);

  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    const near = new IntersectionObserver(([entry]) => setNear((before) => before || entry?.isIntersecting === true), {
      rootMargin: LOAD_AHEAD,
    });
    near.observe(element);
    return () => near.disconnect();
  }, []);

  useEffect(() => {
    const element = video.current;
    if (element === null || !isNear || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    // Whoever pauses a clip wants it to stay so; a clip that we paused goes on when it is back in view.
    let isPausedByUs = true;
    const seen = new IntersectionObserver(
      ([entry]) => {
        if (entry?.isIntersecting === true) {
          // A browser may not allow it; then the controls are there.
          if (isPausedByUs) element.play().catch(() => undefined);
          isPausedByUs = false;
        } else if (!element.paused) {
          isPausedByUs = true;
          element.pause();
        }
      },
      { threshold: ENOUGH_IN_VIEW },
    );
    seen.observe(element);
    return () => seen.disconnect();
  }, [isNear]);

  return (
    <div class="stage clip" style={boxOf(reply)}>
      <video
        ref={video}
        src={isNear ? clip.url : undefined}
        poster={isNear ? reply.picture?.url : undefined}
        width={clip.width}
        height={clip.height}
        aria-label={`Clip: ${reply.view.request.prompt}`}
        preload="metadata"
        controls
        playsInline
        loop
        muted
      />
      {clip.isPreview && <span class="badge">Preview, no GPU</span>}
    </div>
  );
}
