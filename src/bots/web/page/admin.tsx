// Where the admin page begins in the browser: the health of the installation, looked at again every few seconds.
import { render } from 'preact';
import { useCallback, useEffect, useState } from 'preact/hooks';
import type { Health } from '../../../queue/health.ts';
import type { AdminRequest } from '../../platform.ts';
import type { Refusal } from '../wire.ts';
import { BrowserList } from './browsers.tsx';
import { HealthPanel } from './health-panel.tsx';
import { Mark } from './icons.tsx';

const LOOK_EVERY_MS = 3000;

function AdminPage() {
  const [health, setHealth] = useState<Health | undefined>(undefined);
  const [isLive, setLive] = useState(false);
  const [told, setTold] = useState('');

  const look = useCallback(async () => {
    try {
      const response = await fetch('/api/health');
      // The session ended: the server answers this address with its login page now.
      if (response.status === 401) location.reload();
      if (!response.ok) throw new Error(`The health was answered with ${response.status}`);
      setHealth((await response.json()) as Health);
      setLive(true);
    } catch {
      setLive(false);
    }
  }, []);

  useEffect(() => {
    void look();
    const timer = setInterval(() => {
      if (!document.hidden) void look();
    }, LOOK_EVERY_MS);
    return () => clearInterval(timer);
  }, [look]);

  const act = useCallback(
    async (request: Pick<AdminRequest, 'verb' | 'subject' | 'isUndone'>) => {
      setTold(await administer(request));
      await look();
    },
    [look],
  );

  return (
    <div class="app">
      <header class="header">
        <div class="header-inner">
          <Mark />
          <div class="channel-name">
            <h1>Health</h1>
            <p class="topic">What runs here, and how it does</p>
          </div>
          <a class="elsewhere" href="/">
            Back to #animate
          </a>
          <p class="connection" role="status" data-connection={isLive ? 'live' : 'reconnecting'}>
            <span class="dot" />
            {isLive ? 'Live' : 'Reconnecting…'}
          </p>
        </div>
      </header>
      <main class="health">
        {health && <HealthPanel health={health} onAct={(request) => void act(request)} />}
        <BrowserList />
      </main>
      <footer class="dock">
        <p class="notice" role="status" data-shown={told !== ''}>
          {told.replaceAll('**', '')}
        </p>
      </footer>
    </div>
  );
}

async function administer(request: Pick<AdminRequest, 'verb' | 'subject' | 'isUndone'>): Promise<string> {
  try {
    const response = await fetch('/api/admin', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(request),
    });
    return ((await response.json()) as { message: string } | Refusal).message;
  } catch {
    return 'The bot cannot be reached. Nothing was changed; try it again.';
  }
}

const root = document.getElementById('app');
if (root !== null) render(<AdminPage />, root);
