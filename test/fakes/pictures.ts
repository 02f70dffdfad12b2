// Pictures for tests, drawn on the spot.
import sharp from 'sharp';

/** A smooth gradient with a mark in each corner, so that a frame can be told from any other picture. */
export async function drawPicture(width = 320, height = 240): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
    <defs><linearGradient id="g" x2="1" y2="1"><stop stop-color="#204080"/><stop offset="1" stop-color="#f0a040"/></linearGradient></defs>
    <rect width="100%" height="100%" fill="url(#g)"/><circle cx="60" cy="60" r="30" fill="#fff"/>
    <rect x="${width - 90}" y="${height - 70}" width="60" height="40" fill="#181818"/></svg>`;
  return sharp(Buffer.from(svg)).png().toBuffer();
}
