// How often sessions begin while they keep ending.
import fc from 'fast-check';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { createPatientThrottler, pauseBefore } from '../../../src/bots/discord/identify.ts';

const MINUTE = 60_000;

test('an outage or a restart costs no pause', () => {
  expect(pauseBefore([], 0)).toBe(0);
  expect(pauseBefore([0, 6000, 12_000], 18_000)).toBe(0);
});

test('sessions that keep ending begin minutes apart', () => {
  expect(pauseBefore([0, 6000, 12_000, 18_000], 18_000)).toBe(30_000);
  expect(pauseBefore([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], 9)).toBe(10 * MINUTE);
});

test('in a day of a storm there are far fewer sessions than Discord takes, however fast they end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: 120_000 }), async (lastsMs) => {
      let now = 0;
      let sessions = 0;
      const pass = (milliseconds: number): void => {
        now += milliseconds;
      };
      const throttler = createPatientThrottler({
        inner: { waitForIdentify: async () => pass(5000) },
        log: pino({ level: 'silent' }),
        now: () => now,
        wait: async (milliseconds) => pass(milliseconds),
      });
      while (now < 24 * 60 * MINUTE) {
        await throttler.waitForIdentify(0, new AbortController().signal);
        sessions += 1;
        pass(lastsMs);
      }
      expect(sessions).toBeLessThan(200);
    }),
  );
});

test('each shard is paced by itself', async () => {
  const waits: number[] = [];
  const throttler = createPatientThrottler({
    inner: { waitForIdentify: async () => undefined },
    log: pino({ level: 'silent' }),
    now: () => 0,
    wait: async (milliseconds) => void waits.push(milliseconds),
  });
  for (let shard = 0; shard < 10; shard += 1) await throttler.waitForIdentify(shard, new AbortController().signal);
  expect(waits).toEqual([]);
});
