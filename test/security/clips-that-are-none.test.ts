// A whole worker whose engine was taken over, and leaves something else in the place of its clips.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { useInstallation } from '../e2e/installation.ts';
import { isDone, openChat } from '../fakes/chat.ts';
import { drawPicture } from '../fakes/pictures.ts';
import { leftAfter, linkOf } from '../fakes/roles.ts';

const DRAIN_SECONDS = 3;
const SECRET = 'canary-in-a-file';

let picture: Buffer;
const installation = useInstallation({
  async open() {
    picture = await drawPicture();
    await writeFile(join(installation.folder, '.env'), SECRET);
  },
});

const isFailed = ({ view }: { view: { kind: string } }) => view.kind === 'failed';

test('five pipes and whatever else in the place of clips stop nobody, and all of it ends in time', async () => {
  const environment = { ENGINE: 'test_engines.leaves_other_things:create', DRAIN_SECONDS: String(DRAIN_SECONDS) };
  const bot = installation.start('bot');
  const chat = openChat(await linkOf(bot));
  const worker = installation.start('worker', environment);
  const link = `link ${join(installation.folder, '.env')}`;
  // One more than the threads that files are opened by.
  const prompts = [...Array<string>(5).fill('fifo'), link, 'socket', 'device', 'folder', 'sparse'];
  const renderIds: string[] = [];
  for (const prompt of prompts) renderIds.push(await chat.animate(`${prompt} seconds:1`, picture));
  const innocent = await chat.animate('go seconds:1', picture);
  for (const renderId of renderIds) await chat.until(renderId, isFailed);
  const { clip } = await chat.until(innocent, isDone);
  expect(clip).toBeDefined();
  expect((await chat.ask('/')).status).toBe(200);
  expect(JSON.stringify(await chat.replies())).not.toContain(SECRET);
  expect(JSON.stringify(worker.lines)).not.toContain(SECRET);
  const stopped = Promise.all([worker.kill('SIGTERM'), bot.kill('SIGTERM')]).then(() => 'stopped');
  const late = new Promise((resolve) => setTimeout(resolve, (DRAIN_SECONDS + 10) * 1000, 'still there'));
  expect(await Promise.race([stopped, late])).toBe('stopped');
  expect(await leftAfter(installation.folder, 10_000)).toEqual([]);
});
