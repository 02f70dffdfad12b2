// How often chat messages are redrawn.
import { expect, test } from 'vitest';
import { chatRedrawMs } from '../../src/bots/pace.ts';
import type { View } from '../../src/bots/view.ts';

const waiting = { kind: 'waiting', readyAt: undefined } as View;

test.each([
  ['while it is rendered', { ...waiting, kind: 'rendering' }, 3000],
  ['shortly before it starts', { ...waiting, readyAt: 60_000 }, 3000],
  ['in a long wait', { ...waiting, readyAt: 600_000 }, 15_000],
  ['when nothing was told yet', undefined, 3000],
] as const)('%s a message is edited at most so often', (_when, view, milliseconds) => {
  expect(chatRedrawMs(view, 1, 0)).toBe(milliseconds);
});

test('five hundred in line have ten edits a second between them, and what is rendered is told as ever', () => {
  expect(chatRedrawMs(waiting, 500, 0)).toBe(50_000);
  expect(chatRedrawMs({ ...waiting, kind: 'rendering' }, 500, 0)).toBe(3000);
});
