// AVIF and HEIC files, put together box by box: with turns, crops and colours that no encoder here writes.
import sharp, { type AvifOptions, type Sharp } from 'sharp';

/** One coded picture: what is in its configuration box, and its data. */
export interface Coded {
  kind: 'av01' | 'hvc1';
  config: Buffer;
  data: Buffer;
  width: number;
  height: number;
}

export interface HeifOptions {
  brand?: string;
  /** Boxes that are properties of the picture, in their order. */
  properties?: Buffer[];
  /** So many of the same tile, side by side and below each other. */
  grid?: { columns: number; rows: number; width: number; height: number };
  /** What the tiles or the picture say to measure; the truth by default. */
  claims?: { width: number; height: number };
  /** Boxes behind all others. */
  tail?: Buffer[];
}

export function box(type: string, ...content: (Buffer | number[])[]): Buffer {
  const data = Buffer.concat(content.map((part) => Buffer.from(part)));
  const header = Buffer.alloc(8);
  header.writeUInt32BE(data.length + 8, 0);
  header.write(type, 4, 'latin1');
  return Buffer.concat([header, data]);
}

const fullBox = (type: string, version: number, ...content: (Buffer | number[])[]): Buffer =>
  box(type, [version, 0, 0, 0], ...content);

const u16 = (...values: number[]): Buffer => {
  const out = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) out.writeUInt16BE(value, index * 2);
  return out;
};

export const u32 = (...values: number[]): Buffer => {
  const out = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) out.writeInt32BE(value | 0, index * 4);
  return out;
};

export const nclx = (primaries: number, transfer: number, matrix = 6, isFull = true): Buffer =>
  box('colr', Buffer.from('nclx'), u16(primaries, transfer, matrix), [isFull ? 0x80 : 0]);
export const profile = (icc: Buffer): Buffer => box('colr', Buffer.from('prof'), icc);
/** Quarter turns to the left. */
export const turn = (quarters: number): Buffer => box('irot', [quarters]);
export const mirror = (axis: 0 | 1): Buffer => box('imir', [axis]);
/** A part of that size, whose middle is so far off the picture's. */
export const crop = (width: number, height: number, right: number, down: number): Buffer =>
  box('clap', u32(width, 1, height, 1, right, 1, down, 1));

export function buildHeif(coded: Coded, options: HeifOptions = {}): Buffer {
  const { brand = coded.kind === 'av01' ? 'avif' : 'heic', properties = [], grid, tail = [] } = options;
  const { width, height } = options.claims ?? coded;
  const tiles = grid === undefined ? 1 : grid.columns * grid.rows;
  const primary = grid === undefined ? 1 : tiles + 1;
  const ids = Array.from({ length: primary }, (_, index) => index + 1);
  const gridData =
    grid && Buffer.concat([Buffer.from([0, 0, grid.rows - 1, grid.columns - 1]), u16(grid.width, grid.height)]);
  const configType = coded.kind === 'av01' ? 'av1C' : 'hvcC';
  const shared = [box(configType, coded.config), fullBox('ispe', 0, u32(width, height))];
  const own = grid === undefined ? [] : [fullBox('ispe', 0, u32(grid.width, grid.height))];
  const firstOwn = shared.length + 1;
  const places = [...own, ...properties].map((_, index) => firstOwn + index);
  const placesOf = (id: number) => (grid === undefined ? [1, 2, ...places] : id === primary ? places : [1, 2]);
  const infe = (id: number) =>
    fullBox('infe', 2, u16(id, 0), Buffer.from(id === primary && grid ? 'grid' : coded.kind), [0]);
  const meta = (dataAt: number): Buffer => {
    const extents = ids.map((id) => {
      const isGrid = id === primary && gridData !== undefined;
      const at = isGrid ? dataAt + coded.data.length : dataAt;
      return Buffer.concat([u16(id, 0, 1), u32(at, isGrid ? gridData.length : coded.data.length)]);
    });
    return fullBox(
      'meta',
      0,
      fullBox('hdlr', 0, u32(0), Buffer.from('pict'), u32(0, 0, 0), [0]),
      fullBox('pitm', 0, u16(primary)),
      fullBox('iloc', 0, [0x44, 0x00], u16(ids.length), ...extents),
      fullBox('iinf', 0, u16(ids.length), ...ids.map(infe)),
      ...(grid ? [fullBox('iref', 0, box('dimg', u16(primary, tiles, ...ids.slice(0, tiles))))] : []),
      box(
        'iprp',
        box('ipco', ...shared, ...own, ...properties),
        fullBox(
          'ipma',
          0,
          u32(ids.length),
          ...ids.map((id) => Buffer.concat([u16(id), Buffer.from([placesOf(id).length, ...placesOf(id)])])),
        ),
      ),
    );
  };
  const ftyp = box('ftyp', Buffer.from(brand), u32(0), Buffer.from('mif1'), Buffer.from(brand));
  const dataAt = ftyp.length + meta(0).length + 8;
  return Buffer.concat([ftyp, meta(dataAt), box('mdat', coded.data, ...(gridData ? [gridData] : [])), ...tail]);
}

/** A picture coded as AV1 by libvips, out of its file. */
export async function codeAv1(picture: Sharp, options: AvifOptions = {}): Promise<Coded> {
  const file = await picture.avif({ quality: 95, effort: 2, chromaSubsampling: '4:4:4', ...options }).toBuffer();
  const { width, height } = await sharp(file).metadata();
  return { kind: 'av01', config: contentOf(file, 'av1C'), data: contentOf(file, 'mdat'), width, height };
}

function contentOf(file: Buffer, type: string): Buffer {
  const at = file.indexOf(type, 0, 'latin1');
  return file.subarray(at + 4, at - 4 + file.readUInt32BE(at - 4));
}

/**
 * 128×96 in four quarters, coded as HEVC by x265: red, green, blue, light grey. 8 bits, 4:2:0, the whole range.
 */
export const HEVC_QUARTERS: Coded = {
  ...{ kind: 'hvc1', width: 128, height: 96 },
  config: Buffer.from(
    'AQQIAAAAn6gAAAAAHvAA/P34+AAADwOgAAEAF0ABDAH//wQIAAADAJ+oAAADAAAeugJAoQABACpCAQEECAAAAwCfqAAAAwAAHqAQIGFlupJMrm4EBAwIAAADAAgAAAMAyECiAAEAB0QBwXKwIkA=',
    'base64',
  ),
  data: Buffer.from(
    'AAAAF0ABDAH//wQIAAADAJ+oAAADAAAeugJAAAAAKkIBAQQIAAADAJ+oAAADAAAeoBAgYWW6kkyubgQEDAgAAAMACAAAAwDIQAAAAAdEAcFysCJAAAABjygBrwX4Vtid//p6f//+9q/sv7KxYYwdeUHnt3GKSRrdQ4YaYetJGdXU1fpM1YjOoH0hoteC/9rxSJmlgp8S7T6Ufmd2rvDstAEzNt5VoULXxc8A82uQ5Fl4gVwnB7++/PRrgW+6Eakuqdp8uClhwYpJ/ybj1c0vXqqCNuZby5JW5SyolbyCkRIm4gf3yja0yp+5ArdeUk+zFeJ8uykZdfoq6f+ee//8u5DiZt9pwJATY6mgjxu2jW+/hyrFsUzFO+iSpKn43G6fhAA/6RvDkqP5tT1LktWNQM0dn+33CU+S3+ALpd0rRm8nzO6+MbvkA/a4oyPwjMfnkZkC34r81yhJx65Lh+YOKzgUZawvsYfaAQ4RsGkWXP0gMHkY6hlD/1bs6iIi9aomLKNyLgwRyq3O6ESM/vpQlI3e0ofkaKT/MSaglRzRuM0IfKTcNHw7yZmF9J+NB5D9/5sqcF8jkxLKxhK6rlpIK7bcrUut6hB1i3A4P+hAsC2VNe8MzNGO6FNruGT4WysiiVqT4NlcgA==',
    'base64',
  ),
};
export const QUARTER_COLOURS = [
  [200, 40, 40],
  [40, 180, 60],
  [40, 60, 200],
  [230, 230, 230],
] as const;

/** 200×120, monochrome in the narrow range, coded as AV1 by libaom: 134 at the top left, 241 at the lower right, 100 between. */
export const NARROW_GREY: Coded = {
  ...{ kind: 'av01', width: 200, height: 120 },
  config: Buffer.from('gQAcAA==', 'base64'),
  data: Buffer.from(
    'EgAKCRgdsfu0wENBiDJgEEGqQAB5AIDPyiiijZCMQCCXB0lvCMvxl44au4UgDc6uJ6npWeNWOzCpHleqO3gmN04vYYXH9djM8hkOTIF07acagxLa/xl10oNTEgeTEtiF7lq71po1Z2nLWnzK49+A',
    'base64',
  ),
};
