// How much of a command's picture has been sent.

export function Upload({ fraction, attempt }: { fraction: number; attempt: number }) {
  const percent = Math.round(fraction * 100);
  const words = attempt > 1 ? `Connection lost, trying again (${attempt})…` : percent < 100 ? 'Sending…' : 'Checking…';
  return (
    <div class="upload">
      <div
        class="bar"
        role="progressbar"
        aria-label="Sending the picture"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <span style={{ '--done': `${percent}%` }} />
      </div>
      <span>{words}</span>
      <span class="percent">{percent < 100 ? `${percent}%` : ''}</span>
    </div>
  );
}
