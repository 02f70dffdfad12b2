// After all tests: what the processes that they killed have left in the machine's temporary folder.
import { sweepSocketFolders } from '../src/socket-folder.ts';

export const teardown = sweepSocketFolders;
