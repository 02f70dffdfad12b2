// A Store in a bucket of any S3-compatible service, for bots and workers on different machines. Nothing in it is public:
// whoever reads needs the key, or a link to one file that ends soon.

import type { Agent as HttpsAgent } from 'node:https';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { OperationError } from '../errors.ts';
import { type Outgoing, STRAIGHT } from '../outgoing.ts';
import { readPlainFile } from './plain-file.ts';
import { isStoreKey, requireRange, requireStoreKey, type Store } from './store.ts';

const CONNECT_WITHIN_MS = 5000;
const ANSWER_WITHIN_MS = 60_000;
const MOST_ATTEMPTS = 4;

const CONTENT_TYPES = { png: 'image/png', mp4: 'video/mp4' };

export interface BucketOptions {
  /** Such as https://s3.example.com; AWS's own of the region if it is left out. */
  endpoint: string | undefined;
  region: string;
  bucket: string;
  accessKeyId: string;
  secretAccessKey: string;
}

/** Everything throws OperationError `store_unavailable` when the bucket cannot be had. */
export function createS3Store(
  { endpoint, region, bucket, accessKeyId, secretAccessKey }: BucketOptions,
  { agentOf }: Pick<Outgoing, 'agentOf'> = STRAIGHT,
): Store {
  const agent = agentOf(endpoint ?? `https://s3.${region}.amazonaws.com`);
  const client = new S3Client({
    region,
    ...(endpoint !== undefined && { endpoint }),
    credentials: { accessKeyId, secretAccessKey },
    // Buckets as a part of the path are what every service understands.
    forcePathStyle: true,
    // And so is leaving out the checksums that only AWS knows.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: MOST_ATTEMPTS,
    requestHandler: {
      ...{ connectionTimeout: CONNECT_WITHIN_MS, requestTimeout: ANSWER_WITHIN_MS },
      ...(agent && { httpAgent: agent, httpsAgent: agent as HttpsAgent }),
    },
  });
  const place = (key: string) => {
    requireStoreKey(key);
    return { Bucket: bucket, Key: key };
  };
  /** Undefined where there is no such file. */
  const ask = async <Answer>(asking: Promise<Answer>): Promise<Answer | undefined> => {
    try {
      return await asking;
    } catch (error) {
      if (isMissing(error)) return undefined;
      const where = endpoint ?? `AWS in ${region}`;
      throw new OperationError(
        'store_unavailable',
        `The bucket ${bucket} at ${where} cannot be used (${describeFault(error as Error)}). Check S3_ENDPOINT, S3_REGION, S3_BUCKET and the key.`,
        { cause: error },
      );
    }
  };
  const sizeOf = async (key: string): Promise<number | undefined> => {
    const head = await ask(client.send(new HeadObjectCommand(place(key))));
    return head && (head.ContentLength ?? 0);
  };

  return {
    size: async (key) => sizeOf(key),

    async write(key, source) {
      const to = place(key);
      // A clip is only a few megabytes, and what is sent again after a fault has to be there still.
      const body = Buffer.isBuffer(source) ? source : await buffer(readPlainFile(source.file));
      const type = CONTENT_TYPES[key.endsWith('.png') ? 'png' : 'mp4'];
      const answer = await ask(client.send(new PutObjectCommand({ ...to, Body: body, ContentType: type })));
      if (!answer) throw missingBucket(bucket);
    },

    async read(key, range) {
      const from = place(key);
      const size = await sizeOf(key);
      if (size === undefined) return undefined;
      const bounds = range && requireRange(range, size);
      const answer = await ask(
        client.send(new GetObjectCommand({ ...from, ...(bounds && { Range: `bytes=${bounds.start}-${bounds.end}` }) })),
      );
      return answer && { size, stream: answer.Body instanceof Readable ? answer.Body : Readable.from([]) };
    },

    async remove(key) {
      await ask(client.send(new DeleteObjectCommand(place(key))));
    },

    async *list() {
      for (let from: string | undefined; ; ) {
        const request = new ListObjectsV2Command({
          Bucket: bucket,
          ...(from !== undefined && { ContinuationToken: from }),
        });
        const answer = await ask(client.send(request));
        for (const { Key: key = '', LastModified: modified } of answer?.Contents ?? []) {
          if (isStoreKey(key) && modified) yield { key, modifiedAt: modified.getTime() };
        }
        from = answer?.NextContinuationToken;
        if (from === undefined) return;
      }
    },

    async examine() {
      const answer = await ask(client.send(new HeadBucketCommand({ Bucket: bucket })));
      if (!answer) throw missingBucket(bucket);
      return { kind: 'bucket' };
    },

    link: async (key, seconds) => getSignedUrl(client, new GetObjectCommand(place(key)), { expiresIn: seconds }),
  };
}

function missingBucket(bucket: string): OperationError {
  return new OperationError('store_unavailable', `There is no bucket ${bucket}. Make it, or check S3_BUCKET.`);
}

/** What answers a HEAD has no body that could say why. */
function describeFault(error: Error): string {
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  return error.name === 'Unknown' && status !== undefined ? `it answered ${status}` : `${error.name}: ${error.message}`;
}

function isMissing(error: unknown): boolean {
  return error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404;
}
