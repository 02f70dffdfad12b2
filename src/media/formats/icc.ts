// The little of an ICC profile that its own library does not act on. See https://www.color.org/specification/ICC.1-2022-05.pdf
import { type Encoding, encodingOf } from '../colour.ts';

const TAG_COUNT_AT = 128;
const MAX_TAGS = 200;

export function isRgbProfile(profile: Buffer): boolean {
  return profile.toString('latin1', 16, 20) === 'RGB ';
}

/** What a profile's `cicp` tag says of an HDR picture, which its curves alone would leave far too dark. */
export function hdrEncodingOf(profile: Buffer): Encoding | undefined {
  if (profile.length < TAG_COUNT_AT + 4) return undefined;
  const count = Math.min(profile.readUInt32BE(TAG_COUNT_AT), MAX_TAGS);
  for (let at = TAG_COUNT_AT + 4; at + 12 <= profile.length && at < TAG_COUNT_AT + 4 + count * 12; at += 12) {
    if (profile.toString('latin1', at, at + 4) !== 'cicp') continue;
    const data = profile.subarray(profile.readUInt32BE(at + 4));
    const encoding = encodingOf(data[8] ?? 0, data[9] ?? 0);
    return encoding?.transfer === 'pq' || encoding?.transfer === 'hlg' ? encoding : undefined;
  }
  return undefined;
}
