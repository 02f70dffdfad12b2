// The picture that stands beside a render on the page, and the shape that its clip will have.
import { outputSize, type Size } from '../../render.ts';
import type { View } from '../view.ts';
import type { Media } from './media-routes.ts';
import { pngSize } from './png-size.ts';
import type { Picture } from './wire.ts';

export interface ShownPicture {
  picture: Picture | undefined;
  size: Size | undefined;
}

/** That of the first of these renders which has one: an edit may still share that of the render it came from. */
export async function shownPicture(media: Media, renderIds: string[], { request }: View): Promise<ShownPicture> {
  for (const id of renderIds) {
    const own = await pngSize(media, `pictures/${id}.png`);
    if (own === undefined) continue;
    const { width, height } = own;
    const size =
      width === undefined || height === undefined ? undefined : outputSize({ width, height }, request.resolution);
    return { picture: { url: `/media/pictures/${id}.png`, ...own }, size };
  }
  return { picture: undefined, size: undefined };
}
