// How far a render is: a bar, a figure, the time left counting down, and the stages behind it.
import type { Reply } from '../wire.ts';
import { describeDuration, describeTimeLeft, useNow } from './clock.ts';
import { Icon } from './icons.tsx';

export function Progress({ reply }: { reply: Reply }) {
  const { view, stages } = reply;
  const now = useNow(true);
  const percent = view.fraction === undefined ? undefined : Math.round(view.fraction * 100);
  const left = describeTimeLeft(view.readyAt, now);
  return (
    <div class="progress">
      <div
        class="bar"
        role="progressbar"
        aria-label={`Progress of “${view.request.prompt}”`}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={percent === undefined ? view.headline : `${percent} percent, ${view.headline}`}
      >
        <span style={{ '--done': `${percent ?? 0}%` }} />
      </div>
      <p class="figures">
        <span class="percent">{percent === undefined ? '' : `${percent}%`}</span>
        <span class="left">{left}</span>
      </p>
      {stages.length > 1 && (
        <ol class="stages" aria-label="Stages">
          {stages.map(({ label, startedAt }, index) => {
            const next = stages[index + 1];
            return (
              <li key={label} data-done={next !== undefined} aria-current={next === undefined ? 'step' : undefined}>
                <Icon name="check" />
                {label}
                {next !== undefined && <span class="duration">{describeDuration(next.startedAt - startedAt)}</span>}
              </li>
            );
          })}
        </ol>
      )}
    </div>
  );
}
