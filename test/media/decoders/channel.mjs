// The decoder's end of its pipe: lengths of a header and of a body, JSON, then bytes. Written anew, so that it holds the real one to it.
import { Socket } from 'node:net';

export const channel = new Socket({ fd: 3, readable: true, writable: true });
channel.on('error', () => {});
channel.on('close', () => process.kill(process.pid, 'SIGKILL'));

export function frame(header, body = Buffer.alloc(0), announced = body.length) {
  const json = Buffer.isBuffer(header) ? header : Buffer.from(JSON.stringify(header));
  const lengths = Buffer.alloc(8);
  lengths.writeUInt32BE(json.length, 0);
  lengths.writeUInt32BE(announced, 4);
  return Buffer.concat([lengths, json, body]);
}

/** `png` of a picture is its body, if it is bytes. */
export function send(reply) {
  const { png, ...picture } = reply?.picture ?? {};
  channel.write(png instanceof Uint8Array ? frame({ ...reply, picture }, Buffer.from(png)) : frame(reply));
}

/** Requests, with the bytes of those that have some. */
export function onRequest(act) {
  let came = Buffer.alloc(0);
  channel.on('data', (chunk) => {
    came = Buffer.concat([came, chunk]);
    if (came.length < 8) return;
    const headerEnd = 8 + came.readUInt32BE(0);
    const end = headerEnd + came.readUInt32BE(4);
    if (came.length < end) return;
    const request = JSON.parse(came.subarray(8, headerEnd));
    const bytes = came.subarray(headerEnd, end);
    came = came.subarray(end);
    act({ ...request, ...(bytes.length > 0 && { bytes }) });
  });
}
