// Progress on Slack: as often as one workspace allows over all messages, always the latest, and never after the end.
import { webApi } from '@slack/bolt';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createEdits, type Edits } from '../../../src/bots/slack/edits.ts';

let edits: Edits;
let sent: string[];
let errors: unknown[];

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  errors = [];
  edits = createEdits({ onError: (error) => errors.push(error) });
});
afterEach(() => {
  edits.stop();
  vi.useRealTimers();
});

const make = (message: string, words: string, team = 'T1') =>
  edits.make(team, message, async () => void sent.push(`${message} ${words}`));

test('a few edits are made at once, and of the others forty a minute', async () => {
  for (let number = 0; number < 200; number += 1) await make(`m${number}`, 'now');
  expect(sent).toHaveLength(10);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toHaveLength(50);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toHaveLength(90);
});

test('of what waits, only the latest state of each message is made, in the order in which they came', async () => {
  for (let number = 0; number < 10; number += 1) await make('m', String(number));
  for (const state of ['old', 'new']) for (const message of ['a', 'b']) await make(message, state);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent.slice(10)).toEqual(['a new', 'b new']);
});

test('a workspace that is busy does not hold up another', async () => {
  for (let number = 0; number < 50; number += 1) await make(`m${number}`, 'now');
  await make('other', 'now', 'T2');
  expect(sent.at(-1)).toBe('other now');
});

test('at the end, what waits is dropped, and what is under way is waited for', async () => {
  let finish = (): void => undefined;
  const slow = edits.make(
    'T1',
    'm',
    () =>
      new Promise((resolve) => {
        finish = resolve;
      }),
  );
  let hasEnded = false;
  const ending = edits.end('T1', 'm').then(() => {
    hasEnded = true;
  });
  await vi.advanceTimersByTimeAsync(5000);
  expect(hasEnded).toBe(false);
  finish();
  await Promise.all([slow, ending]);
  for (let number = 0; number < 20; number += 1) await make('m', String(number));
  await edits.end('T1', 'm');
  const made = sent.length;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toHaveLength(made);
});

test('where Slack refuses, nothing is sent before it said, and then the latest', async () => {
  const refused = vi.fn().mockRejectedValueOnce(new webApi.WebAPIRateLimitedError(30));
  await edits.make('T1', 'm', refused);
  await make('m', 'later');
  await make('n', 'too');
  await vi.advanceTimersByTimeAsync(29_000);
  expect(sent).toEqual([]);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(sent).toEqual(['m later', 'n too']);
  expect(errors).toEqual([]);
});

test('another fault is its caller’s, or told where nobody waits any more', async () => {
  const fail = async () => {
    throw new Error('broken');
  };
  await expect(edits.make('T1', 'm', fail)).rejects.toThrow('broken');
  for (let number = 0; number < 10; number += 1) await make('n', String(number));
  await edits.make('T1', 'm', fail);
  await vi.advanceTimersByTimeAsync(5000);
  expect(errors).toEqual([new Error('broken')]);
});

test('an edit that Slack puts off while its message ends is not made afterwards, and after a stop nothing is', async () => {
  const tooMany = new webApi.WebAPIRateLimitedError(1);
  let refuse = (): void => undefined;
  const putOff = (message: string) =>
    edits.make('T1', message, () => {
      sent.push(message);
      return new Promise((_, reject) => {
        refuse = () => reject(tooMany);
      });
    });
  const first = putOff('m');
  const ending = edits.end('T1', 'm');
  refuse();
  await Promise.all([first, ending]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(sent).toEqual(['m']);

  const second = putOff('n');
  edits.stop();
  refuse();
  await second;
  expect(vi.getTimerCount()).toBe(0);
});
