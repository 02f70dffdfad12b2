// The Store in a bucket, on a real S3 server: what every store promises, and what only buckets have.
import { expect, test, vi } from 'vitest';
import { createS3Store } from '../../src/media/s3.ts';
import { startS3 } from '../fakes/s3.ts';
import { testStore } from './store-contract.ts';

const clip = Buffer.from('a clip');

testStore('the store in a bucket', async () => {
  const bucket = await startS3();
  return { store: createS3Store(bucket), [Symbol.asyncDispose]: () => bucket[Symbol.asyncDispose]() };
});

test('what one machine keeps is there for another', async () => {
  await using bucket = await startS3();
  await createS3Store(bucket).write('clips/web-1.mp4', clip);
  expect(await createS3Store(bucket).size('clips/web-1.mp4')).toBe(clip.length);
});

test('nobody reads without the key', async () => {
  await using bucket = await startS3();
  await createS3Store(bucket).write('clips/web-1.mp4', clip);
  const answer = await fetch(`${bucket.endpoint}/${bucket.bucket}/clips/web-1.mp4`);
  expect(answer.ok).toBe(false);
  expect(await answer.text()).not.toContain('a clip');
});

test('a link opens one file, without the key, until it ends', async () => {
  await using bucket = await startS3();
  const store = createS3Store(bucket);
  await store.write('clips/web-1.mp4', clip);
  await store.write('clips/web-2.mp4', clip);
  const link = (await store.link('clips/web-1.mp4', 60)) ?? '';
  expect(await (await fetch(link)).text()).toBe('a clip');
  expect((await fetch(link.replace('web-1', 'web-2'))).ok).toBe(false);
  expect(link).not.toContain(bucket.secretAccessKey);
  const ended = (await store.link('clips/web-1.mp4', 1)) ?? '';
  await vi.waitUntil(async () => !(await fetch(ended)).ok, { timeout: 90_000, interval: 200 });
});

test('a wrong secret is told with what to check, without the secret', async () => {
  await using bucket = await startS3();
  const store = createS3Store({ ...bucket, secretAccessKey: 'another-secret' });
  const error = await store.write('clips/web-1.mp4', clip).catch((reason) => reason);
  expect(error).toMatchObject({
    code: 'store_unavailable',
    isRetryable: true,
    message: expect.stringMatching(/^The bucket clips-of-tests at http:.* cannot be used \(.*\)\. Check S3_ENDPOINT/),
  });
  expect(JSON.stringify([error.message, error.stack])).not.toContain('another-secret');
});

test('a bucket that is not there is told when something is to be kept in it', async () => {
  await using bucket = await startS3();
  const store = createS3Store({ ...bucket, bucket: 'no-such-bucket' });
  await expect(store.write('clips/web-1.mp4', clip)).rejects.toMatchObject({
    code: 'store_unavailable',
    message: 'There is no bucket no-such-bucket. Make it, or check S3_BUCKET.',
  });
});

test('an examination says that the bucket is there, and keeps nothing in it', async () => {
  await using bucket = await startS3();
  const store = createS3Store(bucket);
  expect(await store.examine()).toEqual({ kind: 'bucket' });
  for await (const { key } of store.list()) expect(key).toBe('nothing');
});

test('an examination tells what is in the way: no such bucket, a wrong secret, no service', async () => {
  await using bucket = await startS3();
  const unavailable = { name: 'OperationError', code: 'store_unavailable', isRetryable: true };
  await expect(createS3Store({ ...bucket, bucket: 'no-such-bucket' }).examine()).rejects.toMatchObject({
    ...unavailable,
    message: 'There is no bucket no-such-bucket. Make it, or check S3_BUCKET.',
  });
  const cannotBeUsed = expect.stringMatching(/^The bucket clips-of-tests at http:.* cannot be used \(.*\)\. Check S3_/);
  const stranger = createS3Store({ ...bucket, secretAccessKey: 'another-secret' });
  const refused = await stranger.examine().catch((reason) => reason);
  expect(refused).toMatchObject({ ...unavailable, message: cannotBeUsed });
  expect(refused.message).toContain('(it answered 403)');
  expect(JSON.stringify([refused.message, refused.stack])).not.toContain('another-secret');
  await bucket.halt();
  await expect(createS3Store(bucket).examine()).rejects.toMatchObject({ ...unavailable, message: cannotBeUsed });
});

test('a service that does not answer is told as such', async () => {
  await using bucket = await startS3();
  const store = createS3Store(bucket);
  await bucket.halt();
  const gone = { code: 'store_unavailable', isRetryable: true };
  await expect(store.write('clips/a.mp4', clip)).rejects.toMatchObject(gone);
  await expect(store.read('clips/a.mp4')).rejects.toMatchObject(gone);
  await expect(store.size('clips/a.mp4')).rejects.toMatchObject(gone);
});
