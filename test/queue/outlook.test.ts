// What people are told of their place, by who is before them and which engines there are.
import { expect, test } from 'vitest';
import { toOutlook } from '../../src/queue/outlook.ts';

const ahead = (own: number, others: number) => ({
  own: new Map([['own', own]]),
  others: new Map([['others', others]]),
});
const secondsOf = (workload: string) => (workload === 'own' ? 10 : 30);

test('where every engine takes both resolutions there is one line', () => {
  const slots = { '480p': 2, '720p': 2 };
  expect(toOutlook(ahead(3, 2), '480p', slots, secondsOf)).toEqual({ position: 6, secondsUntilStart: 45 });
  expect(toOutlook(ahead(3, 2), '720p', slots, secondsOf)).toEqual({ position: 6, secondsUntilStart: 45 });
});

test('who waits for an engine that takes 720p is not before those whom another engine takes', () => {
  const slots = { '480p': 5, '720p': 1 };
  expect(toOutlook(ahead(0, 100), '480p', slots, secondsOf)).toEqual({ position: 1, secondsUntilStart: 0 });
  expect(toOutlook(ahead(8, 100), '480p', slots, secondsOf)).toEqual({ position: 9, secondsUntilStart: 20 });
  // All five engines help once those of 720p are through.
  expect(toOutlook(ahead(40, 1), '480p', slots, secondsOf)).toEqual({ position: 41, secondsUntilStart: 86 });
});

test('a render of 720p waits for the few engines that take it, however many take the others', () => {
  const slots = { '480p': 5, '720p': 1 };
  expect(toOutlook(ahead(4, 0), '720p', slots, secondsOf)).toEqual({ position: 5, secondsUntilStart: 40 });
  expect(toOutlook(ahead(1, 10), '720p', slots, secondsOf)).toEqual({ position: 12, secondsUntilStart: 62 });
});

test('without an engine there is a place and no time', () => {
  const slots = { '480p': 1, '720p': 0 };
  expect(toOutlook(ahead(1, 1), '720p', slots, secondsOf)).toEqual({ position: 3, secondsUntilStart: undefined });
});
