// Never answers, though it still could.
import { decodeExcept } from './scripted.mjs';

decodeExcept({ inOpen() {} });
