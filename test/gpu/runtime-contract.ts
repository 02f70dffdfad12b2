// What every Runtime promises. Each implementation runs these tests as its own, against real render servers.
import { describe, expect, it } from 'vitest';
import { OperationError } from '../../src/errors.ts';
import { createEngineClient } from '../../src/gpu/client.ts';
import type { Engine, Runtime } from '../../src/gpu/runtime.ts';

export interface TestedRuntime extends AsyncDisposable {
  runtime: Runtime;
  /** The same runtime as a restarted worker makes it: it shares nothing but what outlives a worker. */
  restarted: Runtime;
  /** Kills the render server in a slot from the outside, as a machine that runs out of memory does. */
  kill(engine: Engine): Promise<void>;
  /** What runs of all slots, as seen from the outside: a line for each. */
  running(): Promise<string[]>;
}

/** `create` gives a runtime with nothing running; an engine that `exits` does so at once, with an error in its log. */
export function testRuntime(name: string, create: (engine: 'answers' | 'exits') => Promise<TestedRuntime>): void {
  describe(name, () => {
    const slot = { index: 0 };
    const other = { index: 1 };
    const never = new AbortController().signal;

    it('starts a render server that answers, in folders of its own, and stops it without a trace', async () => {
      await using tested = await create('answers');
      const { runtime, running } = tested;
      const engine = await runtime.start(slot, never);
      expect(engine.slot).toEqual(slot);
      expect(await healthOf(engine)).toMatchObject({ engine: expect.any(String), rendersDone: 0 });
      expect(new Set([engine.inputsFolder, engine.outputsFolder]).size).toBe(2);
      expect(await running()).not.toEqual([]);
      await runtime.stop(slot);
      expect(await engine.exited).toMatch(/^[a-z]/);
      expect(await running()).toEqual([]);
      expect(await runtime.attach(slot, never)).toBeUndefined();
    });

    it('starts another engine than the configured one where it is launched so', async () => {
      await using tested = await create('exits');
      const engine = await tested.runtime.start(slot, never, { engine: 'preview' });
      expect(await healthOf(engine)).toMatchObject({ engine: 'preview' });
    });

    it('says in words why a render server is gone that was killed, and starts another in its place', async () => {
      await using tested = await create('answers');
      const { runtime, kill } = tested;
      const first = await runtime.start(slot, never);
      const before = await healthOf(first);
      await kill(first);
      expect(await first.exited).toMatch(/^was killed .*memory/);
      expect(await runtime.attach(slot, never)).toBeUndefined();
      const second = await runtime.start(slot, never);
      expect(await healthOf(second)).toMatchObject({ engine: before.engine });
    });

    it('replaces the render server that runs in a slot by the one that is started there', async () => {
      await using tested = await create('answers');
      const { runtime } = tested;
      const first = await runtime.start(slot, never);
      const second = await runtime.start(slot, never);
      expect(await first.exited).toMatch(/^[a-z]/);
      expect(await healthOf(second)).toMatchObject({ rendersDone: 0 });
    });

    it('finds the render server that outlived its worker, and can stop it', async () => {
      await using tested = await create('answers');
      const { runtime, restarted, running } = tested;
      expect(await restarted.attach(slot, never)).toBeUndefined();
      const started = await runtime.start(slot, never);
      const found = await restarted.attach(slot, never);
      const { exited, ...places } = started;
      expect(found).toMatchObject(places);
      expect(await restarted.attach(other, never)).toBeUndefined();
      await restarted.stop(slot);
      expect(await exited).toMatch(/^[a-z]/);
      expect(await running()).toEqual([]);
    });

    it('keeps slots apart', async () => {
      await using tested = await create('answers');
      const { runtime } = tested;
      const [first, second] = await Promise.all([runtime.start(slot, never), runtime.start(other, never)]);
      expect(second.socketPath).not.toBe(first.socketPath);
      expect(second.inputsFolder).not.toBe(first.inputsFolder);
      expect(second.outputsFolder).not.toBe(first.outputsFolder);
      await runtime.stop(other);
      await expect(healthOf(second)).rejects.toMatchObject({ code: 'engine_unreachable' });
      expect(await healthOf(first)).toMatchObject({ rendersDone: 0 });
    });

    it('has nothing to stop, to tell or to sweep where nothing ever ran', async () => {
      await using tested = await create('answers');
      const { runtime } = tested;
      await runtime.stop(slot);
      await runtime.stop(slot);
      expect(await runtime.logs(slot)).toBe('');
      await runtime.sweep([]);
    });

    it('sweeps what an earlier life left outside of the slots, and nothing else', async () => {
      await using tested = await create('answers');
      const { runtime, restarted, running } = tested;
      const kept = await runtime.start(slot, never);
      const { pid } = await healthOf(kept);
      const left = await runtime.start(other, never);
      await restarted.sweep([slot]);
      expect(await left.exited).toMatch(/^[a-z]/);
      expect(await healthOf(kept)).toMatchObject({ pid });
      await expect(healthOf(left)).rejects.toMatchObject({ code: 'engine_unreachable' });
      await restarted.sweep([]);
      expect(await running()).toEqual([]);
    });

    it('fails to start what exits at once, with its last lines, which the logs hold too', async () => {
      await using tested = await create('exits');
      const { runtime, running } = tested;
      const error = await runtime.start(slot, never).catch((reason) => reason);
      expect(error).toBeInstanceOf(OperationError);
      const logs = await runtime.logs(slot);
      expect(logs).not.toBe('');
      expect(error).toMatchObject({ code: 'engine_exited', message: expect.stringContaining(logs) });
      expect(await running()).toEqual([]);
      await runtime.stop(slot);
    });

    it('gives up a start with the reason of who gave up, and leaves nothing that a stop does not end', async () => {
      await using tested = await create('answers');
      const { runtime, running } = tested;
      const worker = new AbortController();
      const starting = runtime.start(slot, worker.signal);
      const reason = new Error('The worker is stopping');
      worker.abort(reason);
      await expect(starting).rejects.toBe(reason);
      await runtime.stop(slot);
      expect(await running()).toEqual([]);
    });
  });

  async function healthOf({ socketPath }: Engine) {
    const client = createEngineClient(socketPath);
    try {
      return await client.health(new AbortController().signal);
    } finally {
      await client.close();
    }
  }
}
