import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { test } from 'vitest';
import { createIntake } from '../../src/media/intake.ts';
import { builtDecoder } from './built-decoder.ts';

const W = 8800,
  H = 5900;
const path = await builtDecoder();
const kids = () =>
  readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8')
    .trim()
    .split(' ')
    .filter((p) => p && readFileSync(`/proc/${p}/cmdline`, 'utf8').includes('decoder.mjs'));
const hwm = () => kids().map((p) => /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${p}/status`, 'utf8'))?.[1]);
const mk = () =>
  sharp({
    create: {
      width: W,
      height: H,
      channels: 4,
      background: { r: 200, g: 10, b: 30, alpha: 0.5 },
      noise: undefined as any,
    },
  });
const cases: Record<string, () => Promise<Buffer>> = {
  png: () => mk().png({ compressionLevel: 1 }).toBuffer(),
  png16i: () => mk().toColourspace('rgb16').png({ progressive: true, compressionLevel: 1 }).toBuffer(),
  pngi: () => mk().png({ progressive: true, compressionLevel: 1 }).toBuffer(),
  pngori6: () => mk().withMetadata({ orientation: 6 }).png({ compressionLevel: 1 }).toBuffer(),
  png16ori6: () => mk().toColourspace('rgb16').withMetadata({ orientation: 6 }).png({ compressionLevel: 1 }).toBuffer(),
  jpg: () => mk().jpeg().toBuffer(),
  jpgprog444: () => mk().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
  jpgcmykprog: () => mk().toColourspace('cmyk').jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer(),
  jpgcmykprog6: () =>
    mk()
      .toColourspace('cmyk')
      .withMetadata({ orientation: 6 })
      .jpeg({ progressive: true, chromaSubsampling: '4:4:4' })
      .toBuffer(),
  jpgori6: () => mk().withMetadata({ orientation: 6 }).jpeg().toBuffer(),
  webpll: () => mk().webp({ lossless: true, effort: 0 }).toBuffer(),
  webp6: () => mk().withMetadata({ orientation: 6 }).webp({ effort: 0 }).toBuffer(),
};
for (const n of Object.keys(cases))
  test(n, async () => {
    const b = await cases[n]!();
    const intake = createIntake({
      maxBytes: 1e9,
      maxPixels: 52e6,
      timeoutMs: 60000,
      concurrency: 1,
      decoderPath: path,
    });
    let peak = '0';
    const t = setInterval(() => {
      try {
        peak = hwm()[0] ?? peak;
      } catch {}
    }, 10);
    const s = performance.now();
    let out: any = '';
    try {
      const r = await intake.normalise(b, 'x.png');
      out = r.width + 'x' + r.height;
    } catch (e) {
      out = (e as any).cause ?? e;
    }
    clearInterval(t);
    console.log(n, b.length, out, 'peak MB', Number(peak) / 1024, 'ms', Math.round(performance.now() - s));
    await intake.stop();
  }, 100000);
