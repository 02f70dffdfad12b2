// Several files in one stream of bytes: each behind its length in four bytes, the highest first.

export function packFiles(files: readonly Buffer[]): Buffer {
  return Buffer.concat(files.flatMap((file) => [lengthOf(file), file]));
}

/** Throws a RangeError when the bytes end in the middle of a file. */
export function unpackFiles(bytes: Buffer): Buffer[] {
  const files: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw new RangeError(`Expected a file up to byte ${end}, got ${bytes.length} bytes`);
    files.push(bytes.subarray(at + 4, end));
    at = end;
  }
  return files;
}

function lengthOf(file: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(file.length);
  return length;
}
