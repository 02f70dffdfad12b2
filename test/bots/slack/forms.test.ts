// The form: within Slack's limits in every language, and what was filled in is what is read.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TRANSLATIONS, wordsOf } from '../../../src/bots/languages/languages.ts';
import { drawForm, drawNotice, type FormContents, type FormFaults, readForm } from '../../../src/bots/slack/forms.ts';
import { faultsOfView } from '../../fakes/slack/block-kit.ts';
import { stateOf } from '../../fakes/slack/form.ts';
import type { Json } from '../../fakes/slack/world.ts';

const en = wordsOf('en');
const everyLanguage = [en, ...TRANSLATIONS.map(({ words }) => words)];
const manyFiles = (name: string) => Array.from({ length: 30 }, (_, index) => ({ id: `F0123456${index}`, name }));

type State = Parameters<typeof readForm>[1];

/** What Slack sends when a member sends a form as it was opened, with these fields changed. */
function sent(contents: FormContents, changes: Record<string, Json> = {}) {
  const view = drawForm(contents, en);
  const state = stateOf(view.blocks as unknown as Json[]) as unknown as State;
  for (const [name, value] of Object.entries(changes)) state[name] = { [name]: value } as unknown as State[string];
  return readForm(view.private_metadata ?? '', state, en);
}

const PICTURE = { picture: { files: [{ id: 'F9' }] } };

test('every form fits Slack’s limits, in every language and with the worst in it', () => {
  const request = { prompt: 'x'.repeat(1000), negative: 'y'.repeat(1000), seed: 2 ** 32 - 1, seconds: 5 };
  for (const words of everyLanguage) {
    for (const contents of [
      { request: {} },
      { request, channel: 'C1', thread: '1.000001', files: manyFiles(`${'long '.repeat(50)}.png`) },
      { request, channel: 'C1', renderId: 'slack-1', headline: '<&>'.repeat(100) },
    ]) {
      expect(faultsOfView(drawForm(contents, words))).toEqual([]);
    }
    expect(faultsOfView(drawNotice(words.slack.deletedMeanwhile, words))).toEqual([]);
  }
});

test('no sentence of a form is cut, in any language', () => {
  for (const words of everyLanguage) {
    const forms = [
      drawForm({ request: {} }, words),
      drawForm({ request: {}, channel: 'C1', files: manyFiles('a.png') }, words),
    ];
    for (const form of forms) expect(JSON.stringify(form)).not.toContain('…');
  }
});

test('what a form is for fits in what Slack keeps with it, whatever pictures are called', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }), (name) => {
      const view = drawForm(
        { request: {}, channel: 'C0123456789', thread: '1700000000.000001', files: manyFiles(name) },
        en,
      );
      expect(view.private_metadata?.length).toBeLessThanOrEqual(3000);
      expect(faultsOfView(view)).toEqual([]);
    }),
  );
});

test('a form that is sent as it was opened is the request that it was opened with', () => {
  fc.assert(
    fc.property(
      fc.record({
        prompt: fc.stringMatching(/^[a-zäöü]{1,20}( [a-z"'\\<>&:]{1,10}){0,5}$/),
        negative: fc.stringMatching(/^([a-z]{1,10})?$/),
        resolution: fc.constantFrom('480p' as const, '720p' as const),
        quality: fc.constantFrom('fast' as const, 'best' as const),
        seconds: fc.constantFrom(1, 2.5, 5),
        seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      }),
      (request) => {
        const { command, picture, channel, purpose } = sent({
          request,
          renderId: 'slack-1',
          channel: 'C1',
          thread: '1.5',
        });
        expect(command).toEqual(request);
        expect({ picture, channel }).toEqual({ picture: { ofRender: 'slack-1' }, channel: 'C1' });
        expect(purpose.thread).toBe('1.5');
      },
    ),
  );
});

test('the picture is the one that was uploaded, the only one of a message, or the one that was chosen', () => {
  const request = { prompt: 'she smiles' };
  expect(sent({ request, channel: 'C1' }, PICTURE).picture).toEqual({ file: 'F9', isOwn: true });
  const [one, two] = [
    { id: 'F1', name: 'one.png' },
    { id: 'F2', name: 'two.png' },
  ];
  expect(sent({ request, channel: 'C1', files: [one] }).picture).toEqual({ file: 'F1', isOwn: false });
  expect(sent({ request, channel: 'C1', files: [one, two] }).picture).toEqual({ file: 'F1', isOwn: false });
  const chosen = { picture: { selected_option: { value: 'F2' } } };
  expect(sent({ request, channel: 'C1', files: [one, two] }, chosen).picture).toEqual({ file: 'F2', isOwn: false });
  expect(sent({ request, channel: 'C1' }).picture).toEqual({ file: '', isOwn: true });
});

test('where the clip goes is asked for only where the form does not know', () => {
  const names = ({ blocks }: { blocks: { block_id?: string }[] }) => blocks.map(({ block_id }) => block_id);
  expect(names(drawForm({ request: {} }, en))).toContain('channel');
  expect(names(drawForm({ request: {}, channel: 'C1' }, en))).not.toContain('channel');
  const { channel } = sent(
    { request: { prompt: 'she smiles' } },
    { ...PICTURE, channel: { selected_conversation: 'C7' } },
  );
  expect(channel).toBe('C7');
});

test('each fault is told beside its own field', () => {
  const faults = (() => {
    try {
      sent(
        { request: { prompt: 'x' }, channel: 'C1' },
        { prompt: { value: '  ' }, seconds: { value: '9' }, seed: { value: 'seven' } },
      );
    } catch (error) {
      return (error as FormFaults).faults;
    }
  })();
  expect(Object.keys(faults ?? {})).toEqual(['prompt', 'seconds', 'seed']);
  expect(faults?.seconds).toBe('seconds must be between 1 and 5 (you wrote 9).');
});
