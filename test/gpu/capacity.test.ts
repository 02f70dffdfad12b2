// Which clips cards of common sizes are given.
import { expect, test } from 'vitest';
import { describeTooSmall, resolutionsOf } from '../../src/gpu/capacity.ts';

const card = (mebibytes: number) => ({
  index: 1,
  id: 'GPU-1',
  name: 'A card',
  memoryBytes: mebibytes * 2 ** 20,
  computeCapability: '12.0',
  driver: '580.95.05',
  usedBytes: 0,
  temperature: 35,
  busy: 0,
});

test.each([
  [8192, []],
  [12_288, ['480p']],
  [16_311, ['480p', '720p']],
  [24_564, ['480p', '720p']],
  [32_607, ['480p', '720p']],
])('a card with %i MiB is given %j', (mebibytes, resolutions) => {
  expect(resolutionsOf(card(mebibytes))).toEqual(resolutions);
});

test('a card that is left out is told with what it has and what it would need', () => {
  expect(describeTooSmall(card(8192))).toMatch(
    /^GPU 1 \(A card\) has 8\.0 GiB of memory; expected at least [\d.]+ for 480p\.$/,
  );
});
