// What ends a process beside a signal.
import { EventEmitter, once } from 'node:events';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { endOnBug } from '../../src/ops/shutdown.ts';

test.each(['uncaughtException', 'unhandledRejection'])(
  'after an %s everything is stopped in order, and it is logged',
  async (event) => {
    const process = new EventEmitter();
    const done: string[] = [];
    const lines = new Writable({
      write(line, _encoding, written) {
        done.push(JSON.parse(String(line)).msg);
        written();
      },
    });
    endOnBug({ begin: async () => void done.push('stopped') }, pino(lines), {
      on: (name, act) => process.on(name, act),
      exit: (code) => {
        done.push(`exit ${code}`);
        process.emit('ended');
      },
    });
    const ended = once(process, 'ended');
    process.emit(event, new Error('a bug'));
    await ended;
    expect(done).toEqual(['Nothing was prepared for this; stopping', 'stopped', 'exit 1']);
  },
);
