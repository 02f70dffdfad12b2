// The renders that broke every engine that tried them: whose, why, and a button that has one tried again.
import type { QuarantinedRender } from '../../../queue/quarantine.ts';
import { toWords } from '../../health-words.ts';
import { type Act, Do, Part } from './health-parts.tsx';

export function QuarantineList({ renders, now, onAct }: { renders: QuarantinedRender[]; now: number; onAct: Act }) {
  if (renders.length === 0) return null;
  return (
    <Part title="In quarantine">
      <p class="soft">They broke every engine that tried them. Nothing tries them again by itself.</p>
      <ul class="engines">
        {renders.map(({ id, askedBy, askedAt, why }) => (
          <li key={id}>
            <p>
              <b>{id}</b>
              {askedAt === undefined ? '' : ` for ${askedBy}, ${toWords((now - askedAt) / 1000)} ago`}
            </p>
            <p class="soft">{why}</p>
            <Do onAct={() => onAct({ verb: 'retry', subject: id })}>Retry</Do>
          </li>
        ))}
      </ul>
    </Part>
  );
}
