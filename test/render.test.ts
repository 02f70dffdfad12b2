// The size rules, held to the table that the Python tests read too.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { UserError } from '../src/errors.ts';
import { frameCount, outputSize, type Resolution } from '../src/render.ts';

interface Table {
  sizes: ({ picture: [number, number] } & Record<Resolution, [number, number]>)[];
  refused: { picture: [number, number] }[];
  frames: { seconds: number; frames: number }[];
}
const table = JSON.parse(readFileSync(new URL('./contract/sizes.json', import.meta.url), 'utf8')) as Table;

const toSize = ([width, height]: [number, number]) => ({ width, height });

test.each(table.sizes)('a picture of $picture becomes a clip of $480p or $720p', (row) => {
  expect(outputSize(toSize(row.picture), '480p')).toEqual(toSize(row['480p']));
  expect(outputSize(toSize(row.picture), '720p')).toEqual(toSize(row['720p']));
});

test.each(table.refused)('a picture of $picture is refused with a sentence', ({ picture }) => {
  expect(() => outputSize(toSize(picture), '480p')).toThrow(UserError);
  expect(() => outputSize(toSize(picture), '480p')).toThrow(/it's [\d.,]+:1 .*, and the limit is 3:1/);
});

test.each(table.frames)('$seconds seconds are $frames frames', ({ seconds, frames }) => {
  expect(frameCount(seconds)).toBe(frames);
});
