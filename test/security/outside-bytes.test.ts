// Whatever comes in from outside (chat text, custom ids, forms, events, engines, uploads, pictures' first bytes): each parser
// answers with something it promised, or with one of our own errors, and never with any other.

import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModalSubmitFields } from 'discord.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatCommand, parseCommand, parseOptions } from '../../src/bots/command.ts';
import { plain, readCustomId } from '../../src/bots/discord/drawing.ts';
import { readForm as readDiscordForm, readFormId } from '../../src/bots/discord/forms.ts';
import { wordsOf } from '../../src/bots/languages/languages.ts';
import { parseAdminCommand } from '../../src/bots/slack/admin-command.ts';
import { readButton } from '../../src/bots/slack/drawing.ts';
import { readMessageEvent } from '../../src/bots/slack/events.ts';
import { FormFaults, readForm as readSlackForm } from '../../src/bots/slack/forms.ts';
import { OperationError, UserError } from '../../src/errors.ts';
import { createEngineClient } from '../../src/gpu/client.ts';
import { LONGEST_PROMPT } from '../../src/limits.ts';
import { unpackFiles } from '../../src/media/packed-files.ts';
import { pictureType } from '../../src/media/picture-type.ts';
import { isStoreKey } from '../../src/media/store.ts';
import { startPage } from '../bots/web/fixtures.ts';
import { startRedis, type TestRedis } from '../fakes/redis.ts';

/** Any text, and text that is nearly what is expected. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc
    .array(
      fc.constantFrom(
        ...[
          '/animate',
          'she smiles',
          'seconds:',
          'negative:',
          'seed:',
          'prompt:',
          'resolution:',
          'quality:',
          '"',
          '“',
          '”',
        ],
        ...[
          '\\',
          ' ',
          ':',
          '3',
          '480p',
          'best',
          '\n',
          '\0',
          '\u202e',
          '\ud800',
          '@everyone',
          '<@1>',
          '../',
          'a'.repeat(1200),
        ],
      ),
      { maxLength: 12 },
    )
    .map((parts) => parts.join('')),
);

/** Any JSON, and objects that have the names which are looked for. */
const shaped = (...names: string[]): fc.Arbitrary<unknown> =>
  fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.jsonValue({ maxDepth: 1 }),
      text,
      fc.dictionary(fc.constantFrom(...names, '__proto__', 'constructor', 'toString'), tie('value'), { maxKeys: 6 }),
      fc.array(tie('value'), { maxLength: 3 }),
    ),
  })).value;

/** The answer, or undefined where it is one of ours that was thrown. */
function ours<Answer>(act: () => Answer): Answer | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof UserError || error instanceof FormFaults) return undefined;
    throw error;
  }
}

const check = <Value>(values: fc.Arbitrary<Value>, act: (value: Value) => void, numRuns = 500): void =>
  fc.assert(
    fc.property(values, (value) => void act(value)),
    { numRuns },
  );

describe('words', () => {
  test('a command is read into something that is within its limits and reads the same again', () => {
    check(text, (typed) => {
      const parsed = ours(() => parseCommand(typed));
      if (!parsed) return;
      expect(parsed.prompt.length).toBeGreaterThan(0);
      expect(parsed.prompt.length).toBeLessThanOrEqual(LONGEST_PROMPT);
      expect(parsed.prompt).not.toMatch(/[\p{Cc}\p{Cs}]/u);
      expect(parseCommand(formatCommand(parsed))).toEqual(parsed);
    });
  });

  test('options that came one by one are held to the same', () => {
    const options = fc.record({
      ...{ prompt: text, negative: text, resolution: fc.option(text, { nil: undefined }) },
      ...{ seconds: fc.option(text, { nil: undefined }), seed: fc.option(text, { nil: undefined }) },
    });
    check(options, (given) => {
      const parsed = ours(() => parseOptions(given));
      if (parsed) expect(parsed.negative).not.toMatch(/[\p{Cc}\p{Cs}]/u);
    });
  });

  test('an admin’s command on Slack is a request or a sentence', () => {
    const typed = fc.tuple(fc.constantFrom('block', 'words', 'limits', 'strikes', 'drain', 'job', ''), text);
    check(typed, ([verb, rest]) => void ours(() => parseAdminCommand(`${verb} ${rest}`, 'T1')));
  });

  test('nothing that is typed becomes a mention or a link on Discord', () => {
    check(text, (typed) => expect(plain(typed)).not.toMatch(/<[@#:]|@(everyone|here)|:\/\//));
  });
});

describe('what comes back from a chat service', () => {
  const id = fc.oneof(
    text,
    fc
      .tuple(fc.constantFrom('again', 'delete', 'edit-form', 'pictures-form', 'render_edit'), text)
      .map((parts) => parts.join(':')),
  );

  test('an id names a button and a render, or nothing', () => {
    check(id, (given) => {
      const read = readCustomId(given);
      if (read) expect(read.renderId).toMatch(/^[\w-]{1,80}$/);
      const form = readFormId(given);
      if (form) expect(form.of).toMatch(/^[\w-]{1,80}$/);
    });
    check(fc.tuple(id, id), ([action, value]) => {
      const read = readButton(action, value);
      if (read) expect(read.renderId).toMatch(/^[\w-]{1,100}$/);
    });
  });

  test('a form on Discord is a command or a sentence', () => {
    const fields = fc.dictionary(fc.constantFrom('prompt', 'negative', 'size', 'seconds', 'seed', 'picture'), text);
    check(fields, (filled) => {
      const form = {
        fields: new Map(Object.entries(filled)),
        getTextInputValue: (name: string) => filled[name] ?? '',
        getStringSelectValues: (name: string) => [filled[name] ?? ''],
      } as unknown as ModalSubmitFields;
      ours(() => readDiscordForm(form, (given) => given));
    });
  });

  test('an event of Slack is a message for the bot, or nothing', () => {
    const names = ['team_id', 'event', 'type', 'channel', 'user', 'text', 'ts', 'thread_ts', 'files', 'id', 'bot_id'];
    const body = fc.oneof(
      shaped(...names),
      fc.record({
        team_id: fc.constant('T1'),
        event: fc.record({
          ...{ type: fc.constant('app_mention'), channel: text, user: text, text, ts: text },
          files: fc.oneof(fc.constant([]), shaped('id', 'mimetype', 'filetype')),
        }),
      }),
    );
    check(body, (given) => {
      const read = readMessageEvent(given);
      if (read) expect(typeof read.text).toBe('string');
    });
  });

  test('a form on Slack is a command, or faults beside its fields, or is not ours', () => {
    const names = ['prompt', 'negative', 'size', 'seconds', 'seed', 'picture', 'channel', 'value', 'files', 'id'];
    const metadata = fc.oneof(
      fc.constant('{}'),
      shaped('channel', 'thread', 'files', 'renderId', 'id', 'name').map((value) => JSON.stringify(value)),
    );
    const state = fc.dictionary(
      fc.constantFrom(...names),
      fc.dictionary(fc.constantFrom(...names), fc.record({ value: fc.option(text) })),
    );
    check(fc.tuple(metadata, state), ([kept, filled]) => {
      try {
        readSlackForm(kept, filled as Parameters<typeof readSlackForm>[1], wordsOf('en'));
      } catch (error) {
        // What a form is for we wrote ourselves; where it is not that, it was not our form.
        const isKnown =
          error instanceof FormFaults || error instanceof UserError || (error as Error).name === 'ZodError';
        if (!isKnown) throw error;
      }
    });
  });
});

describe('bytes', () => {
  const starts = [
    '\x89PNG\r\n\x1a\n',
    '\xff\xd8\xff',
    'RIFF\0\0\0\0WEBPVP8X',
    'GIF89a',
    '\0\0\0\x20ftypheic',
    '<svg',
    'PK\x03\x04',
  ];
  const bytes = fc
    .tuple(fc.constantFrom('', ...starts), fc.uint8Array({ maxLength: 400 }))
    .map(([start, rest]) => Buffer.concat([Buffer.from(start, 'latin1'), rest]));

  test('the type of a picture is told from any bytes', () => {
    check(
      bytes,
      (given) => {
        const type = pictureType(given);
        if (type && !type.isUsable) expect(type.noun).toMatch(/^an? /);
      },
      2000,
    );
  });

  test('packed files come apart or are refused', () => {
    check(bytes, (given) => {
      try {
        for (const file of unpackFiles(given)) expect(file.length).toBeLessThanOrEqual(given.length);
      } catch (error) {
        expect(error).toBeInstanceOf(RangeError);
      }
    });
  });

  test('no text but a key of ours is a key of the store', () => {
    check(text, (given) => {
      if (isStoreKey(given)) expect(given).toMatch(/^[a-z]+\/[\w-]+\.(png|mp4)$/);
      expect(isStoreKey(`clips/../${given}.mp4`)).toBe(false);
    });
  });
});

describe('a render server that went wrong', () => {
  test('is told by an error of ours, whatever it says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fuzz-'));
    const path = join(folder, 'engine.sock');
    let said = Buffer.alloc(0);
    const health = JSON.stringify({
      ...{ state: 'ready', engine: 'e', model: 'm', executor: 'x', memory: null, gpu: null, renderId: null },
      ...{ rendersDone: 0, lastError: null, pid: 1 },
    });
    const server = createServer((request, response) => {
      if (request.method === 'PUT') return void response.end(health);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(said);
    });
    await new Promise<void>((resolve) => server.listen(path, resolve));
    const client = createEngineClient(path);
    const event = fc.oneof(
      shaped('stage', 'elapsed', 'step', 'steps', 'result', 'code', 'message', 'retry').map(
        (value) => JSON.stringify(value) ?? '',
      ),
      text,
    );
    const stream = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((raw) => Buffer.from(raw)),
      fc
        .array(event, { maxLength: 4 })
        .map((events) => Buffer.from(events.map((data) => `id: 0\ndata: ${data}\n\n`).join(''))),
    );
    const body = { image: 'a.png', prompt: 'p', negative: '', width: 32, height: 32, frames: 5, seed: 1 };
    await fc.assert(
      fc.asyncProperty(stream, async (given) => {
        said = given;
        try {
          for await (const told of client.render('web-1', body, new AbortController().signal)) {
            expect(told.elapsed).toBeGreaterThanOrEqual(0);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(OperationError);
        }
      }),
      { numRuns: 200 },
    );
    await client.close();
    server.close().closeAllConnections();
    await rm(folder, { recursive: true });
  });
});

describe('an upload to the chat page', () => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  test('is taken, or refused in words, whatever it is made of', async () => {
    await using page = await startPage(server);
    const boundary = 'fuzz';
    const part = fc
      .tuple(
        fc.constantFrom('eventId', 'text', 'author', 'picture', 'ofRender', '__proto__', '', 'x"; filename="y'),
        fc.option(fc.constantFrom('a.png', '../../etc/passwd', 'a"b', '\u202e', '')),
        fc.uint8Array({ maxLength: 200 }),
      )
      .map(([name, filename, content]) =>
        Buffer.concat([
          Buffer.from(
            `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${filename === null ? '' : `; filename="${filename}"`}\r\n\r\n`,
          ),
          content,
          Buffer.from('\r\n'),
        ]),
      );
    const whole = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((raw) => Buffer.from(raw)),
      fc
        .tuple(fc.array(part, { maxLength: 12 }), fc.boolean())
        .map(([parts, isClosed]) => Buffer.concat([...parts, Buffer.from(isClosed ? `--${boundary}--\r\n` : '')])),
    );
    await fc.assert(
      fc.asyncProperty(whole, async (body) => {
        const response = await fetch(`${page.at}/api/animate`, {
          ...{ method: 'POST', body: new Uint8Array(body) },
          headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
        });
        expect(response.status).toBeLessThan(500);
        expect(await response.json()).toBeTypeOf('object');
      }),
      { numRuns: 200 },
    );
    expect((await fetch(`${page.at}/api/channel`)).status).toBe(200);
  });
});
