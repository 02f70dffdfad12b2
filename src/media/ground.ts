// What is put behind a picture that is transparent in parts. Pure.

/** What paper and most viewers show behind a cut-out, and what dark line art on nothing was drawn for. */
const LIGHT_GROUND = [0xff, 0xff, 0xff] as const;
/** Discord's dark theme: where white lettering on nothing is at home. */
const DARK_GROUND = [0x31, 0x33, 0x38] as const;
/** Of what is visible, from 0 for black to 1 for white: above this too little is seen of it on white. */
const LIGHT_LUMINANCE = 0.5;

const LIGHT = Float32Array.from({ length: 256 }, (_, value) => {
  const share = value / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
});

/** Red, green, blue and alpha in; red, green and blue out. */
export function onGround(pixels: Uint8Array): Uint8Array {
  const ground = luminanceOf(pixels) > LIGHT_LUMINANCE ? DARK_GROUND : LIGHT_GROUND;
  const out = new Uint8Array((pixels.length / 4) * 3);
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    const alpha = (pixels[from + 3] ?? 0) / 255;
    for (let channel = 0; channel < 3; channel += 1) {
      out[to + channel] = Math.round((pixels[from + channel] ?? 0) * alpha + (ground[channel] ?? 0) * (1 - alpha));
    }
  }
  return out;
}

/** The mean over what is visible; a picture without anything transparent needs no ground, so any will do. */
function luminanceOf(pixels: Uint8Array): number {
  let [sum, weight] = [0, 0];
  for (let at = 0; at < pixels.length; at += 4) {
    const alpha = pixels[at + 3] ?? 0;
    const [red = 0, green = 0, blue = 0] = [
      LIGHT[pixels[at] ?? 0],
      LIGHT[pixels[at + 1] ?? 0],
      LIGHT[pixels[at + 2] ?? 0],
    ];
    sum += alpha * (0.2126 * red + 0.7152 * green + 0.0722 * blue);
    weight += alpha;
  }
  return weight === 0 ? 0 : sum / weight;
}
