import { expect, test } from 'vitest';
import { mayBePicture } from '../../src/media/picture-kinds.ts';

test.each<[string | null | undefined, string | null | undefined, boolean]>([
  ['image/png', 'a.png', true],
  ['image/heic', 'IMG_0001.HEIC', true],
  ['IMAGE/JPEG; charset=binary', undefined, true],
  ['image/svg+xml', 'drawing.svg', true],
  ['video/mp4', 'a.png', false],
  ['text/plain', 'a.jpg', false],
  ['application/octet-stream', 'IMG_0001.HEIC', true],
  ['application/octet-stream', 'a.zip', false],
  ['binary/octet-stream', 'a.avif', true],
  [undefined, 'photo.JFIF', true],
  [null, 'photo.bmp', true],
  ['', 'scan.tiff', true],
  [undefined, 'png', false],
  [undefined, '.png.exe', false],
  [undefined, undefined, false],
])('a file of the type %j called %j may be a picture: %j', (contentType, filename, expected) => {
  expect(mayBePicture({ contentType, filename })).toBe(expected);
});
