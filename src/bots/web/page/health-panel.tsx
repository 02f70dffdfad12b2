// The health as its operator reads it: the verdict, then each part with what can be done about it.
import type { Health } from '../../../queue/health.ts';
import type { EngineEntry, WorkerEntry } from '../../../queue/roster.ts';
import { toGibibytes, toWords } from '../../health-words.ts';
import { type Act, Do, Fact, Part, Table } from './health-parts.tsx';
import { QuarantineList } from './quarantine-list.tsx';

const VERDICTS = { well: 'All is well', worn: 'Needs attention', broken: 'Broken' } satisfies Record<
  Health['verdict'],
  string
>;

const STATES = {
  starting: 'getting ready',
  free: 'free',
  lent: 'rendering',
  asleep: 'unloaded',
  refused: 'left out',
} satisfies Record<EngineEntry['state'], string>;

export function HealthPanel({ health, onAct }: { health: Health; onAct: Act }) {
  const { verdict, faults, redis, lanes, workers, bots, store, durations, quarantine, version } = health;
  const isPaused = lanes.some((lane) => lane.isPaused);
  return (
    <>
      <section class="verdict" data-verdict={verdict}>
        <h2>{VERDICTS[verdict]}</h2>
        <ul>
          {faults.map(({ code, text, severity }) => (
            <li key={code} data-severity={severity}>
              {text}
            </li>
          ))}
        </ul>
      </section>
      <Part
        title="Queue"
        action={<Do onAct={() => onAct({ verb: isPaused ? 'resume' : 'pause' })}>{isPaused ? 'Resume' : 'Pause'}</Do>}
      >
        <Table
          head={['', 'Waiting', 'Rendering', 'Failed in a day', 'Oldest']}
          rows={lanes.map(({ resolution, quality, waiting, active, failed, oldestSeconds }) => [
            `${resolution} ${quality}`,
            String(waiting),
            String(active),
            String(failed),
            waiting > 0 ? toWords(oldestSeconds) : '–',
          ])}
        />
      </Part>
      {workers.map((worker) => (
        <Worker key={worker.id} worker={worker} now={health.at} onAct={onAct} />
      ))}
      <QuarantineList renders={quarantine} now={health.at} onAct={onAct} />
      <Part title="Render seconds on an engine">
        <Table
          head={['', 'Half within', '95 % within', 'Renders']}
          rows={durations.map(({ resolution, quality, seconds, median, p95, renders }) => [
            `${resolution} ${quality}, ${seconds} s`,
            `${median.toFixed(1)} s`,
            `${p95.toFixed(1)} s`,
            String(renders),
          ])}
        />
      </Part>
      <Part title="Platforms">
        <Table
          head={['', 'Connection', 'Ping', 'Last event', 'Not delivered']}
          rows={bots.map(({ platform, host, isConnected, pingMs, lastEventAt, undelivered }) => [
            `${platform} by ${host}`,
            isConnected ? 'connected' : 'away',
            pingMs === undefined ? '–' : `${Math.round(pingMs)} ms`,
            lastEventAt === undefined ? '–' : `${toWords((health.at - lastEventAt) / 1000)} ago`,
            String(undelivered),
          ])}
        />
      </Part>
      <Part title="Underneath">
        <dl class="facts">
          <Fact label="Redis">
            {redis
              ? `${redis.version}, ${redis.latencyMs} ms, ${Math.round(redis.usedBytes / 2 ** 20)} MiB, append-only file ${redis.isAppendOnly ? 'on' : 'off'}, ${redis.evictionPolicy ?? 'eviction unknown'}`
              : 'does not answer'}
          </Fact>
          <Fact label="Store">
            {store.kind === 'folder'
              ? `${toGibibytes(store.freeBytes)} of ${toGibibytes(store.totalBytes)} GiB free`
              : store.kind === 'bucket'
                ? 'the bucket is there'
                : store.reason}
          </Fact>
          <Fact label="Version">{version}</Fact>
        </dl>
      </Part>
    </>
  );
}

function Worker({ worker, now, onAct }: { worker: WorkerEntry; now: number; onAct: Act }) {
  const { name, host, engine, version, launched, isDraining, engines } = worker;
  const drain = () => onAct({ verb: 'drain', subject: name, isUndone: isDraining });
  return (
    <Part title={`${name} on ${host}`} action={<Do onAct={drain}>{isDraining ? 'Undo drain' : 'Drain'}</Do>}>
      <p class="soft">
        {engine}, launched {launched}, version {version}
        {isDraining ? ', draining' : ''}
      </p>
      <ul class="engines">
        {engines.map((each) => (
          <li key={each.slot} data-state={each.state}>
            <p>
              <b>
                {each.slot}: {STATES[each.state]}
              </b>{' '}
              {each.renderId}
              {each.fraction === undefined ? '' : ` ${Math.round(each.fraction * 100)} %`}
            </p>
            <p class="soft">
              {describe(each)}
              {each.lastError && `; ${toWords((now - each.lastError.at) / 1000)} ago: ${each.lastError.message}`}
            </p>
            <Do onAct={() => onAct({ verb: 'unload', subject: `${name}/${each.slot}` })}>Unload</Do>
          </li>
        ))}
      </ul>
    </Part>
  );
}

function describe({ model, renders, failures, gpu }: EngineEntry): string {
  const parts = [
    ...(gpu ? [gpu.name, `${toGibibytes(gpu.usedBytes)} of ${toGibibytes(gpu.memoryBytes)} GiB`] : []),
    ...(gpu?.temperature === undefined ? [] : [`${gpu.temperature} °C`]),
    ...(gpu?.busy === undefined ? [] : [`${Math.round(gpu.busy * 100)} % busy`]),
    model ?? 'no model yet',
    `${renders} renders, ${failures} failed`,
  ];
  return parts.join(', ');
}
