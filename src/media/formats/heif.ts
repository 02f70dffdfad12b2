// What an AVIF or HEIC file says of its picture, read before anything of it is decoded: how large, which codec, how its colours
// are meant. Both are boxes in boxes of ISO/IEC 14496-12, with the items of ISO/IEC 23008-12.
import { type Encoding, encodingOf } from '../colour.ts';

export interface HeifHeader {
  codec: 'av1' | 'hevc';
  /** As people see it: cropped and turned. */
  width: number;
  height: number;
  /** What has to be decoded for it. */
  codedPixels: number;
  /** The part of the decoded picture that is shown, before it is turned. */
  crop: { left: number; top: number; width: number; height: number } | undefined;
  /** Quarter turns to the right, after a crop. */
  isTurned: boolean;
  isSequence: boolean;
  isGrey: boolean;
  /** Black is 16 of 255 and white 235. */
  isNarrow: boolean;
  profile: Buffer | undefined;
  /** Of the colours; undefined where they are sRGB or the profile says what they are. */
  encoding: Encoding | undefined;
}

interface Box {
  type: string;
  /** Behind its header. */
  data: Buffer;
}

const MAX_BOXES = 10_000;
const MAX_TILES = 1024;

/** Throws for a box that says to be larger than what it is in. */
function boxesIn(data: Buffer): Box[] {
  const boxes: Box[] = [];
  for (let offset = 0; offset + 8 <= data.length; ) {
    if (boxes.length >= MAX_BOXES) throw new Error('Expected fewer boxes');
    const short = data.readUInt32BE(offset);
    const isLong = short === 1;
    const size = isLong ? Number(data.readBigUInt64BE(offset + 8)) : short === 0 ? data.length - offset : short;
    const headerBytes = isLong ? 16 : 8;
    const type = data.toString('latin1', offset + 4, offset + 8);
    if (size < headerBytes || offset + size > data.length) {
      // The last box of a file, which holds its pixels, may be cut off: its decoder has the say.
      if (type === 'mdat' || size < headerBytes) break;
      throw new Error(`Expected the box ${JSON.stringify(type)} to end within its file`);
    }
    boxes.push({ type, data: data.subarray(offset + headerBytes, offset + size) });
    offset += size;
  }
  return boxes;
}

const VERSION_BYTES = 4;

function requireBox(boxes: Box[], type: string): Buffer {
  const box = boxes.find((each) => each.type === type);
  if (box === undefined) throw new Error(`Expected a box ${type}`);
  return box.data;
}

export function readHeifHeader(bytes: Buffer): HeifHeader {
  const top = boxesIn(bytes);
  const meta = boxesIn(requireBox(top, 'meta').subarray(VERSION_BYTES));
  const items = readItems(meta);
  const primary = readPrimary(requireBox(meta, 'pitm'));
  const type = items.types.get(primary);
  const properties = items.propertiesOf(primary);
  const tiles = type === 'grid' ? items.partsOf(primary) : [];
  if (tiles.length > MAX_TILES) throw new Error(`Expected at most ${MAX_TILES} tiles, got ${tiles.length}`);
  const coded = type === 'grid' ? items.types.get(tiles[0] ?? -1) : type;
  if (coded !== 'av01' && coded !== 'hvc1') throw new Error(`Expected a picture of AV1 or HEVC, got ${coded}`);
  const first = type === 'grid' ? items.propertiesOf(tiles[0] ?? -1) : properties;
  const size = sizeOf(properties);
  const tilePixels = tiles.reduce((sum, id) => sum + pixelsOf(sizeOf(items.propertiesOf(id))), 0);
  const crop = readCrop(find(properties, 'clap'), size);
  const shown = crop ?? size;
  const turns = (find(properties, 'irot')?.[0] ?? 0) & 3;
  const [width, height] = turns % 2 === 1 ? [shown.height, shown.width] : [shown.width, shown.height];
  const own = properties.some((each) => each.type === 'colr') ? properties : first;
  return {
    codec: coded === 'av01' ? 'av1' : 'hevc',
    ...{ width, height, crop },
    codedPixels: Math.max(pixelsOf(size), tilePixels),
    isTurned: turns !== 0 || find(properties, 'imir') !== undefined,
    isSequence: top.some((each) => each.type === 'moov'),
    isGrey: isGrey(find(first, 'av1C')),
    ...readColour(own),
  };
}

const pixelsOf = ({ width, height }: { width: number; height: number }): number => width * height;

const find = (properties: Box[], type: string): Buffer | undefined =>
  properties.find((each) => each.type === type)?.data;

function sizeOf(properties: Box[]): { width: number; height: number } {
  const extent = requireBox(properties, 'ispe');
  const [width, height] = [extent.readUInt32BE(4), extent.readUInt32BE(8)];
  if (width === 0 || height === 0) throw new Error('Expected a size');
  return { width, height };
}

/** Each figure is a fraction: the width, the height, and how far the middle is off the picture's middle. */
function readCrop(clap: Buffer | undefined, size: { width: number; height: number }): HeifHeader['crop'] {
  if (clap === undefined) return undefined;
  const fraction = (at: number) => clap.readInt32BE(at) / clap.readInt32BE(at + 4);
  const [width, height] = [Math.round(fraction(0)), Math.round(fraction(8))];
  const left = Math.round((size.width - width) / 2 + fraction(16));
  const top = Math.round((size.height - height) / 2 + fraction(24));
  const isInside =
    width > 0 && height > 0 && left >= 0 && top >= 0 && left + width <= size.width && top + height <= size.height;
  // libavif and browsers look past a crop that reaches beyond its picture.
  return isInside ? { left, top, width, height } : undefined;
}

function isGrey(av1Config: Buffer | undefined): boolean {
  const MONOCHROME = 0x10;
  return ((av1Config?.[2] ?? 0) & MONOCHROME) !== 0;
}

function readColour(properties: Box[]): Pick<HeifHeader, 'isNarrow' | 'profile' | 'encoding'> {
  const colours = properties.filter(({ type }) => type === 'colr').map(({ data }) => data);
  const kind = (data: Buffer) => data.toString('latin1', 0, 4);
  const nclx = colours.find((data) => kind(data) === 'nclx');
  const profile = colours.find((data) => kind(data) === 'prof' || kind(data) === 'rICC')?.subarray(4);
  // Without a word on it, it is what AV1's encoders make unless they are told otherwise.
  const isNarrow = nclx === undefined || ((nclx[10] ?? 0) & 0x80) === 0;
  const encoding =
    nclx === undefined || profile !== undefined ? undefined : encodingOf(nclx.readUInt16BE(4), nclx.readUInt16BE(6));
  return { isNarrow, profile, encoding };
}

function readPrimary(data: Buffer): number {
  return data[0] === 0 ? data.readUInt16BE(VERSION_BYTES) : data.readUInt32BE(VERSION_BYTES);
}

interface Items {
  types: Map<number, string>;
  propertiesOf(id: number): Box[];
  /** Of what a derived picture is made. */
  partsOf(id: number): number[];
}

function readItems(meta: Box[]): Items {
  const types = readTypes(requireBox(meta, 'iinf'));
  const parts = readParts(meta.find(({ type }) => type === 'iref')?.data);
  const iprp = boxesIn(requireBox(meta, 'iprp'));
  const properties = boxesIn(requireBox(iprp, 'ipco'));
  const places = readPlaces(requireBox(iprp, 'ipma'));
  return {
    types,
    propertiesOf: (id) => (places.get(id) ?? []).flatMap((place) => properties[place - 1] ?? []),
    partsOf: (id) => parts.get(id) ?? [],
  };
}

function readTypes(iinf: Buffer): Map<number, string> {
  const entries = boxesIn(iinf.subarray(VERSION_BYTES + (iinf[0] === 0 ? 2 : 4)));
  return new Map(
    entries.flatMap(({ type, data }) => {
      if (type !== 'infe' || (data[0] ?? 0) < 2) return [];
      const isWide = data[0] === 3;
      const id = isWide ? data.readUInt32BE(VERSION_BYTES) : data.readUInt16BE(VERSION_BYTES);
      const at = VERSION_BYTES + (isWide ? 6 : 4);
      return [[id, data.toString('latin1', at, at + 4)] as const];
    }),
  );
}

function readParts(iref: Buffer | undefined): Map<number, number[]> {
  if (iref === undefined) return new Map();
  const idBytes = iref[0] === 0 ? 2 : 4;
  const derived = boxesIn(iref.subarray(VERSION_BYTES)).filter(({ type }) => type === 'dimg');
  return new Map(
    derived.map(({ data }) => {
      const count = data.readUInt16BE(idBytes);
      const ids = Array.from({ length: count }, (_, index) => data.readUIntBE(idBytes + 2 + index * idBytes, idBytes));
      return [data.readUIntBE(0, idBytes), ids] as const;
    }),
  );
}

/** Which properties, by their places, belong to which item. */
function readPlaces(ipma: Buffer): Map<number, number[]> {
  const idBytes = ipma[0] === 0 ? 2 : 4;
  const placeBytes = ((ipma[3] ?? 0) & 1) === 1 ? 2 : 1;
  const mask = placeBytes === 2 ? 0x7fff : 0x7f;
  const places = new Map<number, number[]>();
  let at = VERSION_BYTES + 4;
  for (let left = Math.min(ipma.readUInt32BE(VERSION_BYTES), MAX_BOXES); left > 0; left -= 1) {
    const id = ipma.readUIntBE(at, idBytes);
    const count = ipma.readUInt8(at + idBytes);
    at += idBytes + 1;
    const own = Array.from(
      { length: count },
      (_, index) => ipma.readUIntBE(at + index * placeBytes, placeBytes) & mask,
    );
    at += count * placeBytes;
    places.set(id, own);
  }
  return places;
}
