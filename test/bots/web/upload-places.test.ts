// How many uploads are held in memory at once, and that nobody has all of the places.
import { expect, test } from 'vitest';
import { createUploadPlaces } from '../../../src/bots/web/upload-places.ts';

test('of a hundred uploads that never end, four of one member are begun and eight of all, and the others are told', async () => {
  const places = createUploadPlaces({ waitMs: 1 });
  const taken = async (member: string) => (await places.take(member)) !== undefined;
  const ofOne = await Promise.all(Array.from({ length: 100 }, () => taken('ada')));
  expect(ofOne.filter(Boolean)).toHaveLength(4);
  const ofOthers = await Promise.all(Array.from({ length: 100 }, (_, number) => taken(`member ${number}`)));
  expect(ofOthers.filter(Boolean)).toHaveLength(4);
});

test('one that has arrived makes room for others, and for its own member once it is done with', async () => {
  const places = createUploadPlaces({ waitMs: 60_000 });
  const first = await Promise.all(Array.from({ length: 8 }, (_, number) => places.take(number < 4 ? 'ada' : 'bob')));
  const [next, own] = [places.take('grace'), places.take('ada')];
  first[0]?.arrived();
  const grace = await next;
  expect(grace).toBeDefined();
  first[0]?.end();
  grace?.end();
  expect(await own).toBeDefined();
});
