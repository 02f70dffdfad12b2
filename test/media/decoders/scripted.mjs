// What the misbehaving decoders share: they hand each picture back as it came, but for those that end in these words.
import { channel, onRequest, send } from './channel.mjs';

const TROUBLE = 'trouble';

const converted = (bytes) => {
  const header = Buffer.from(bytes);
  const picture = { png: bytes, width: header.readUInt32BE(16), height: header.readUInt32BE(20) };
  return { type: 'converted', picture, residentBytes: process.memoryUsage.rss() };
};

const opened = (bytes) => {
  const { width, height } = converted(bytes).picture;
  return { type: 'opened', header: { width, height, pages: 1, isInterlaced: false } };
};

/** Each is called instead of the good answer, with ways to send it all the same, and what else they like. */
export function decodeExcept({ inOpen = (answer) => answer(), inConvert = (answer) => answer() }) {
  let bytes;
  onRequest((request) => {
    bytes = request.bytes ?? bytes;
    const isOpen = request.type === 'open';
    const reply = isOpen ? opened(bytes) : converted(bytes);
    const answer = () => send(reply);
    if (!Buffer.from(bytes).toString('latin1').endsWith(TROUBLE)) answer();
    else if (isOpen) inOpen(answer, send, reply, channel);
    else inConvert(answer, send, reply, channel);
  });
  send({ type: 'ready' });
}
