// Names the right answer and leaves out what belongs in it.
import { decodeExcept } from './scripted.mjs';

decodeExcept({ inOpen: (_answer, send) => send({ type: 'opened' }) });
