// A model hub of a test's own: as much of Hugging Face's as its client asks for to fetch one small model.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

export interface Hub extends AsyncDisposable {
  port: number;
  files: Map<string, Buffer>;
  /** Cuts the connection in the middle of this file, once. */
  cut: string | undefined;
  /** Tells another size of this file than it has. */
  misstated: string | undefined;
  downloads: number;
  /** The ranges that were asked for. */
  ranges: string[];
}

/** A model of two parts, in the diffusers layout. */
export function smallModel(): Map<string, Buffer> {
  const index = { _class_name: 'WanPipeline', vae: ['diffusers', 'AutoencoderKLWan'], image_encoder: [null, null] };
  return new Map([
    ['model_index.json', Buffer.from(JSON.stringify(index))],
    ['vae/config.json', Buffer.from('{}')],
    ['vae/diffusion_pytorch_model.safetensors', Buffer.alloc(30_000_000, 'weights')],
  ]);
}

export async function startHub(files = smallModel()): Promise<Hub> {
  const hub: Omit<Hub, typeof Symbol.asyncDispose> = {
    port: 0,
    files,
    cut: undefined,
    misstated: undefined,
    downloads: 0,
    ranges: [],
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://hub');
    if (url.pathname.startsWith('/api/models/tests/small/tree/')) {
      const tree = [...files].map(([path, bytes]) => ({ type: 'file', path, size: bytes.length, oid: sha256(bytes) }));
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(tree));
      return;
    }
    if (url.pathname.startsWith('/api/models/tests/small')) {
      const siblings = [...files].map(([rfilename, bytes]) => ({
        rfilename,
        size: bytes.length + (rfilename === hub.misstated ? 1 : 0),
      }));
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ id: 'tests/small', modelId: 'tests/small', sha: COMMIT, private: false, tags: [], siblings }),
      );
      return;
    }
    const name = /^\/tests\/small\/resolve\/[^/]+\/(.+)$/.exec(url.pathname)?.[1] ?? '';
    const bytes = files.get(name);
    if (!bytes) {
      response.writeHead(404, { 'x-error-code': 'RepoNotFound' }).end();
      return;
    }
    const { range } = request.headers;
    const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0);
    if (range && start > 0) hub.ranges.push(range);
    response.writeHead(start > 0 ? 206 : 200, {
      'content-length': bytes.length - start,
      ...(start > 0 && { 'content-range': `bytes ${start}-${bytes.length - 1}/${bytes.length}` }),
      'accept-ranges': 'bytes',
      etag: `"${sha256(bytes)}"`,
      'x-repo-commit': COMMIT,
    });
    if (request.method === 'HEAD') return void response.end();
    hub.downloads += 1;
    if (name !== hub.cut) return void response.end(bytes.subarray(start));
    hub.cut = undefined;
    response.write(bytes.subarray(0, bytes.length / 2), () => server.closeAllConnections());
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return Object.assign(hub, {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
