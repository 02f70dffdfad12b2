// Which browsers are logged in, and logging them out. None are where the page asks for no token.
import { useCallback, useEffect, useState } from 'preact/hooks';
import { toWords } from '../../health-words.ts';
import type { BrowserSession } from '../wire.ts';
import { Do, Part, Table } from './health-parts.tsx';

type Which = 'this' | 'others' | 'all';

function useBrowsers() {
  const [browsers, setBrowsers] = useState<BrowserSession[]>([]);
  const look = useCallback(async () => {
    const response = await fetch('/api/sessions').catch(() => undefined);
    if (!response?.ok) return;
    const { sessions } = (await response.json()) as { sessions: BrowserSession[] };
    setBrowsers(sessions.sort((a, b) => b.seenAt - a.seenAt));
  }, []);
  useEffect(() => void look(), [look]);
  const end = useCallback(
    async (which: Which) => {
      await fetch('/api/sessions/end', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ which }),
      }).catch(() => undefined);
      // Where this browser is logged out, the server answers with its login page now.
      if (which === 'others') await look();
      else location.assign('/');
    },
    [look],
  );
  return { browsers, end };
}

/** For whoever sits before this one. */
export function LogOut() {
  const { browsers, end } = useBrowsers();
  if (browsers.length === 0) return null;
  const others = browsers.filter(({ isThis }) => !isThis).length;
  return (
    <p>
      <button class="link" type="button" onClick={() => void end('this')}>
        Log out
      </button>
      {others > 0 && (
        <>
          <br />
          <button class="link" type="button" onClick={() => void end('others')}>
            Log out {others === 1 ? 'the other browser' : `the ${others} other browsers`}
          </button>
        </>
      )}
    </p>
  );
}

/** For an admin. */
export function BrowserList() {
  const { browsers, end } = useBrowsers();
  if (browsers.length === 0) return null;
  const ago = (time: number) => `${toWords(Math.max(0, Date.now() - time) / 1000)} ago`;
  const rows = browsers.map(({ createdAt, seenAt, isThis }, index) => [
    `${index + 1}${isThis ? ' (this one)' : ''}`,
    ago(createdAt),
    ago(seenAt),
  ]);
  return (
    <Part title="Browsers" action={<Do onAct={() => void end('all')}>Log all out</Do>}>
      <Table head={['', 'Logged in', 'Last seen']} rows={rows} />
    </Part>
  );
}
