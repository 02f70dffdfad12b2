// One story, told on every platform: a member gives a picture and a sentence, watches, and uses what is below the clip. The
// words are the same everywhere, because they are one View.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readMarks } from '../../src/media/clip-marks.ts';
import { identityFolderOf, readAnchors } from '../../src/media/identity.ts';
import { TOOL } from '../fakes/marks.ts';
import { drawPicture } from '../fakes/pictures.ts';
import type { Role } from '../fakes/roles.ts';
import { useInstallation } from './installation.ts';
import { type Storyteller, tellOnDiscord, tellOnSlack, tellOnThePage } from './storytellers.ts';

const installation = useInstallation();
const { start } = installation;

describe.each<[string, () => Promise<Storyteller>]>([
  ['the chat page', tellOnThePage],
  ['Discord', tellOnDiscord],
  ['Slack', tellOnSlack],
])('on %s', (_name, tell) => {
  const begin = async () => {
    const teller = await tell();
    const startBot = async (): Promise<Role> => {
      const bot = start('bot', teller.environment);
      await teller.joinedBy(bot);
      return bot;
    };
    return Object.assign(teller, { startBot, bot: await startBot() });
  };

  test('a picture goes in, and its clip comes back with what can be done next', async () => {
    await using teller = await begin();
    const given = await teller.give(await drawPicture(), 'she smiles seconds:1 seed:7');
    const waiting = await teller.until(given, ({ headline }) => headline === 'Next in line');
    expect(waiting).toMatchObject({ buttons: ['Cancel'], hasClip: false });
    start('worker');
    const done = await teller.until(given, ({ hasClip, buttons }) => hasClip && buttons.includes('Again'));
    expect(done.headline).toBe('Here is your clip');
    expect(done.buttons).toEqual(['Again', 'Edit', '720p', 'Extend', 'Delete']);
    expect(done.words).toContain('Seed 7');
    expect(done.words).toContain('Length 1.0 s');
    // The engine of this story is not the preview, so it is taken for a model.
    expect(done.words).toContain('Made with AI');
    const [clip = Buffer.alloc(0)] = await teller.clips();
    const anchors = await readAnchors(identityFolderOf(join(installation.folder, 'data')));
    expect(await readMarks(TOOL, clip, anchors)).toMatchObject({
      plain: { tag: expect.stringMatching(/trainedAlgorithmicMedia$/), xmp: expect.anything() },
      manifest: { state: 'Trusted', faults: [] },
    });
    expect(clip.toString('latin1')).not.toMatch(/she smiles/);
    expect(await teller.press(given, 'Again')).toBe('On it: same words, new seed.');
    await teller.untilClips(2);
    expect(await teller.press(given, 'Delete')).toBe('Deleted.');
    await teller.untilClips(1);
  });

  test('what is cancelled says what was freed, and costs nothing', async () => {
    await using teller = await begin();
    const given = await teller.give(await drawPicture(), 'she smiles seconds:1');
    await teller.until(given, ({ headline }) => headline === 'Next in line');
    expect(await teller.press(given, 'Cancel')).toBe('Cancelled before it started.');
    const cancelled = await teller.until(given, ({ headline }) => headline === 'Cancelled');
    expect(cancelled.words).toContain("It hadn't started, so it took no GPU time.");
    expect(cancelled.buttons).toEqual(['Again', 'Edit', 'Delete']);
    start('worker');
    await teller.press(given, 'Again');
    await teller.untilClips(1);
  });

  test('what cannot be used is refused in a sentence, and nothing is left of it', async () => {
    await using teller = await begin();
    expect(await teller.refusal(Buffer.from('not a picture'), 'she smiles')).toMatch(/isn't actually a picture/);
    expect(await teller.refusal(await drawPicture(), 'she smiles seconds:9')).toBe(
      'seconds must be between 1 and 5 (you wrote 9).',
    );
  });

  test('a bot that is killed in the middle of a render brings its clip in its next life', async () => {
    await using teller = await begin();
    start('worker');
    const gate = join(installation.folder, 'gate');
    const given = await teller.give(await drawPicture(), `hold ${gate} seconds:1`);
    await teller.until(given, ({ headline }) => headline.startsWith('Drawing the frames'));
    await teller.bot.kill('SIGKILL');
    await writeFile(gate, '');
    await teller.startBot();
    await teller.until(given, ({ hasClip, buttons }) => hasClip && buttons.includes('Again'));
    await teller.untilClips(1);
  });

  test('what breaks every engine ends with an apology, and what can be done next', async () => {
    await using teller = await begin();
    start('worker');
    const given = await teller.give(await drawPicture(), 'die seconds:1');
    const failed = await teller.until(given, ({ headline }) => headline === "Sorry, that didn't work");
    expect(failed.words).toContain('If you ask for help, include this ID: ');
    expect(failed.buttons).toEqual(['Again', 'Edit', 'Delete']);
  });
});
