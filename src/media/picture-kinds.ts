// Which files may be pictures by what their sender says of them, before a byte of them is seen. Pure: the page's bundle
// reads it, too. What a file really is, picture-type.ts tells from its bytes.

interface PictureKind {
  name: string;
  contentTypes: readonly string[];
  /** Without the dot. */
  extensions: readonly string[];
}

/** What the intake takes, the usual first. */
const TAKEN_KINDS: readonly PictureKind[] = [
  { name: 'PNG', contentTypes: ['image/png', 'image/apng', 'image/x-png'], extensions: ['png', 'apng'] },
  {
    name: 'JPEG',
    contentTypes: ['image/jpeg', 'image/jpg', 'image/pjpeg'],
    extensions: ['jpg', 'jpeg', 'jpe', 'jfif', 'mpo'],
  },
  { name: 'WebP', contentTypes: ['image/webp'], extensions: ['webp'] },
  { name: 'GIF', contentTypes: ['image/gif'], extensions: ['gif'] },
  { name: 'BMP', contentTypes: ['image/bmp', 'image/x-bmp', 'image/x-ms-bmp'], extensions: ['bmp', 'dib'] },
  { name: 'AVIF', contentTypes: ['image/avif', 'image/avif-sequence'], extensions: ['avif', 'avifs'] },
  {
    name: 'HEIC',
    contentTypes: ['image/heic', 'image/heif', 'image/heic-sequence', 'image/heif-sequence'],
    extensions: ['heic', 'heif', 'hif'],
  },
];

/** Pictures all the same: the intake says what to do with them. */
const REFUSED_EXTENSIONS = ['tif', 'tiff', 'svg', 'jxl', 'jp2', 'ico', 'psd'];

export const TAKEN_EXTENSIONS: readonly string[] = TAKEN_KINDS.flatMap(({ extensions }) => extensions);

/** For a file chooser: systems know some kinds by their type and some only by their ending. */
export const CHOOSER_ACCEPT = [
  ...TAKEN_KINDS.flatMap(({ contentTypes }) => contentTypes.slice(0, 1)),
  ...TAKEN_EXTENSIONS.map((extension) => `.${extension}`),
].join(',');

/** What services send for a file that they know nothing of. */
const UNKNOWN_TYPES = ['', 'application/octet-stream', 'binary/octet-stream', 'application/unknown'];

export interface Described {
  contentType?: string | null | undefined;
  filename?: string | null | undefined;
}

/** Whether the bytes are worth fetching. A name counts only where no type is told. */
export function mayBePicture({ contentType, filename }: Described): boolean {
  const type = contentType?.split(';')[0]?.trim().toLowerCase() ?? '';
  if (!UNKNOWN_TYPES.includes(type)) return type.startsWith('image/');
  const extension = extensionOf(filename ?? '');
  return TAKEN_EXTENSIONS.includes(extension) || REFUSED_EXTENSIONS.includes(extension);
}

/** Of a file's name, in lower case and without the dot; empty where there is none. */
export function extensionOf(filename: string): string {
  return /\.([^./\\]{1,10})$/.exec(filename)?.[1]?.toLowerCase() ?? '';
}
