// What the numbers of a picture mean where its file says so by itself, without an ICC profile, and the same picture in sRGB.
// Pure. PNG says it with gAMA, cHRM and cICP, AVIF and HEIC with nclx; the code points are those of ITU-T H.273.

/** How a stored value from 0 to 1 becomes light: a power of it, or a named curve. */
export type Transfer = number | 'srgb' | 'pq' | 'hlg';

/** The colours of pure red, green and blue and of white, as CIE x and y. */
export type Primaries = readonly [red: Point, green: Point, blue: Point, white: Point];
type Point = readonly [x: number, y: number];

export interface Encoding {
  transfer: Transfer;
  primaries: Primaries;
}

/** Pixels one after the other, red, green, blue and perhaps alpha, of 8 or 16 bits. */
export interface Pixels {
  data: Uint8Array | Uint16Array;
  channels: 3 | 4;
}

const D65: Point = [0.3127, 0.329];
const C: Point = [0.31, 0.316];
export const SRGB_PRIMARIES: Primaries = [[0.64, 0.33], [0.3, 0.6], [0.15, 0.06], D65];
const SMPTE_170M: Primaries = [[0.63, 0.34], [0.31, 0.595], [0.155, 0.07], D65];

const PRIMARIES: Readonly<Record<number, Primaries>> = {
  4: [[0.67, 0.33], [0.21, 0.71], [0.14, 0.08], C],
  5: [[0.64, 0.33], [0.29, 0.6], [0.15, 0.06], D65],
  6: SMPTE_170M,
  7: SMPTE_170M,
  9: [[0.708, 0.292], [0.17, 0.797], [0.131, 0.046], D65],
  11: [
    [0.68, 0.32],
    [0.265, 0.69],
    [0.15, 0.06],
    [0.314, 0.351],
  ],
  12: [[0.68, 0.32], [0.265, 0.69], [0.15, 0.06], D65],
  22: [[0.63, 0.34], [0.295, 0.605], [0.155, 0.077], D65],
};

/** Camera curves such as BT.709's are not here: screens show them, as browsers do, like sRGB. */
const TRANSFERS: Readonly<Record<number, Transfer>> = { 4: 2.2, 5: 2.8, 8: 1, 16: 'pq', 17: 2.6, 18: 'hlg' };

/** Undefined for sRGB and what is shown like it. */
export function encodingOf(primaries: number, transfer: number): Encoding | undefined {
  const known = PRIMARIES[primaries];
  const curve = TRANSFERS[transfer];
  if (known === undefined && curve === undefined) return undefined;
  return { primaries: known ?? SRGB_PRIMARIES, transfer: curve ?? 'srgb' };
}

/** What white paper gives off in HDR, by ITU-R BT.2408, and the brightest that most HDR pictures are made for. */
const SDR_WHITE_NITS = 203;
const HDR_PEAK_NITS = 1000;
const HEADROOM = HDR_PEAK_NITS / SDR_WHITE_NITS;

/** The same in sRGB, 8 bits. HDR is brought into its range by Reinhard's curve. */
export function toSrgb({ data, channels }: Pixels, { transfer, primaries }: Encoding): Uint8Array {
  const most = data instanceof Uint8Array ? 0xff : 0xffff;
  const light = Float32Array.from({ length: most + 1 }, (_, value) => toLight(value / most, transfer));
  const matrix = fromPrimaries(primaries);
  const isHdr = transfer === 'pq' || transfer === 'hlg';
  const out = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at += channels) {
    let red = light[data[at] ?? 0] ?? 0;
    let green = light[data[at + 1] ?? 0] ?? 0;
    let blue = light[data[at + 2] ?? 0] ?? 0;
    if (isHdr) {
      const scale = toneScale(red, green, blue, transfer);
      red *= scale;
      green *= scale;
      blue *= scale;
    }
    out[at] = toByte(matrix[0] * red + matrix[1] * green + matrix[2] * blue);
    out[at + 1] = toByte(matrix[3] * red + matrix[4] * green + matrix[5] * blue);
    out[at + 2] = toByte(matrix[6] * red + matrix[7] * green + matrix[8] * blue);
    if (channels === 4) out[at + 3] = Math.round(((data[at + 3] ?? 0) / most) * 0xff);
  }
  return out;
}

/** Relative to white; of HLG what the camera saw, which `toneScale` brings to a screen. */
function toLight(value: number, transfer: Transfer): number {
  if (typeof transfer === 'number') return value ** transfer;
  if (transfer === 'srgb') return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  if (transfer === 'pq') {
    const root = value ** (1 / 78.84375);
    return (
      (10_000 / SDR_WHITE_NITS) *
      (Math.max(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)) ** (1 / 0.1593017578125)
    );
  }
  const [a, b, c] = [0.17883277, 0.28466892, 0.55991073];
  return value <= 0.5 ? value ** 2 / 3 : (Math.exp((value - c) / a) + b) / 12;
}

function toneScale(red: number, green: number, blue: number, transfer: Transfer): number {
  // HLG's own way from the scene to a screen of 1,000 nits; the weights are those of BT.2020's luminance.
  const luminance = 0.2627 * red + 0.678 * green + 0.0593 * blue;
  const screen = transfer === 'hlg' ? HEADROOM * luminance ** 0.2 : 1;
  const brightest = Math.max(red, green, blue) * screen;
  return (screen * (1 + brightest / HEADROOM ** 2)) / (1 + brightest);
}

const BYTE_STEPS = 0xffff;
const BYTES = Uint8Array.from({ length: BYTE_STEPS + 1 }, (_, step) => {
  const light = step / BYTE_STEPS;
  return Math.round(255 * (light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055));
});

function toByte(light: number): number {
  return BYTES[Math.round(Math.min(Math.max(light, 0), 1) * BYTE_STEPS)] ?? 0;
}

type Matrix = readonly [number, number, number, number, number, number, number, number, number];

/** From light in these primaries to light in sRGB's; another white is adapted by Bradford's method, as in ICC profiles. */
function fromPrimaries(primaries: Primaries): Matrix {
  const [own, srgb] = [toXyz(primaries), toXyz(SRGB_PRIMARIES)];
  return multiply(invert(srgb), multiply(adaptation(primaries[3], D65), own));
}

function toXyz([red, green, blue, white]: Primaries): Matrix {
  const column = ([x, y]: Point) => [x / y, 1, (1 - x - y) / y] as const;
  const [r, g, b] = [column(red), column(green), column(blue)];
  const pure: Matrix = [r[0], g[0], b[0], r[1], g[1], b[1], r[2], g[2], b[2]];
  const [sr, sg, sb] = apply(invert(pure), column(white));
  return multiply(pure, [sr, 0, 0, 0, sg, 0, 0, 0, sb]);
}

const BRADFORD: Matrix = [0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296];

function adaptation(from: Point, to: Point): Matrix {
  const cone = ([x, y]: Point) => apply(BRADFORD, [x / y, 1, (1 - x - y) / y]);
  const [source, target] = [cone(from), cone(to)];
  const scale: Matrix = [target[0] / source[0], 0, 0, 0, target[1] / source[1], 0, 0, 0, target[2] / source[2]];
  return multiply(invert(BRADFORD), multiply(scale, BRADFORD));
}

function apply(m: Matrix, [x, y, z]: readonly [number, number, number]): [number, number, number] {
  return [m[0] * x + m[1] * y + m[2] * z, m[3] * x + m[4] * y + m[5] * z, m[6] * x + m[7] * y + m[8] * z];
}

function multiply(m: Matrix, [a, b, c, d, e, f, g, h, i]: Matrix): Matrix {
  const [left, middle, right] = [apply(m, [a, d, g]), apply(m, [b, e, h]), apply(m, [c, f, i])];
  return [
    ...([left[0], middle[0], right[0]] as const),
    ...([left[1], middle[1], right[1]] as const),
    ...([left[2], middle[2], right[2]] as const),
  ];
}

function invert([a, b, c, d, e, f, g, h, i]: Matrix): Matrix {
  const [A, B, C] = [e * i - f * h, c * h - b * i, b * f - c * e];
  const [D, E, F] = [f * g - d * i, a * i - c * g, c * d - a * f];
  const [G, H, I] = [d * h - e * g, b * g - a * h, a * e - b * d];
  const det = a * A + b * D + c * G;
  return [A / det, B / det, C / det, D / det, E / det, F / det, G / det, H / det, I / det];
}

/** Whether a file's own primaries can be computed with: three that lie on a line span no colours. */
export function isUsablePrimaries(primaries: Primaries): boolean {
  if (primaries.some(([x, y]) => !(x >= 0 && y > 0 && x + y <= 1))) return false;
  return fromPrimaries(primaries).every((value) => Number.isFinite(value) && Math.abs(value) < 100);
}
