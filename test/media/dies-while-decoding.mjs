// A bot for a test to kill: has a picture decoded, and says when it is at it.
// Arguments: the built decoder-process.ts, the built decoder.ts, a picture.
import { readFileSync } from 'node:fs';

const [, , decoderProcess, path, picture] = process.argv;
const { startDecoder } = await import(decoderProcess);
const sandbox = { shutIn: async (command) => command };
const { signal } = new AbortController();
const decoder = await startDecoder({ path, startTimeoutMs: 20_000, maxMemoryBytes: 2 ** 31, sandbox });
await decoder.ask({ type: 'open', name: 'PNG', bytes: readFileSync(picture) }, signal);
decoder.ask({ type: 'convert', maxPixels: 100_000_000, longestSide: 2048 }, signal);
process.stdout.write('converting\n');
