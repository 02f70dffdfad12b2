// Whose file's name counts against whom, through Discord: somebody else's never does.
import { expect, test } from 'vitest';
import { startBotOn } from '../../fakes/bot.ts';
import { onDiscord } from '../../fakes/chat-platforms.ts';
import { ADA, BOB, startDiscord } from '../../fakes/discord/discord.ts';
import { drawPicture } from '../../fakes/pictures.ts';
import { startRedis } from '../../fakes/redis.ts';

test('who animates somebody else’s badly named picture from its menu is refused each time, and never blocked for it', async () => {
  const server = await startRedis();
  const discord = await startDiscord();
  try {
    await using bot = await startBotOn(server, onDiscord(discord));
    const picture = await drawPicture();
    const baited = discord.post([discord.upload(picture, 'lolicon.png')]);
    for (let times = 0; times < 4; times += 1) {
      const menu = discord.menu(baited, { member: BOB });
      await discord.until(() => menu.modal);
      expect(await discord.told(discord.submit(menu, { prompt: 'she smiles' }))).toBe("I can't animate that here.");
    }
    for (const member of [ADA, BOB]) {
      expect(await bot.administer({ verb: 'strikes', subject: member.id })).toBe('**0 refused lately**');
    }
    expect(await bot.administer({ verb: 'block' })).not.toContain('bob');
    const plain = discord.menu(discord.post([discord.upload(picture, 'cat.png')]), { member: BOB });
    await discord.until(() => plain.modal);
    const taken = discord.submit(plain, { prompt: 'it purrs' });
    await discord.until(() => discord.threadOf(taken));

    const own = discord.animate(discord.upload(picture, 'lolicon.png'), {}, { member: BOB });
    expect(await discord.told(own)).toMatch(/Warning 1 of 3/);
  } finally {
    await discord.close();
    await server.stop();
  }
});
