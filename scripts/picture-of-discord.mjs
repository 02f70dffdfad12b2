// `npm run picture:discord`: docs/discord.png, a thread drawn from the messages that the bot really sent to the tests' stand-in
// for Discord, with the preview engine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawWithBot, escapeHtml } from './picture.mjs';
import { root, setUp } from './setup.mjs';
import { loadDiscord } from './stand-in.mjs';

setUp({ isForDevelopment: true });
const { startDiscord, ADA } = await loadDiscord();
const discord = await startDiscord();

await drawWithBot({
  service: discord,
  name: 'discord',
  size: { width: 760, height: 980 },
  async play() {
    await discord.until(() => discord.gateway.readies > 0);
    const picture = discord.upload(
      readFileSync(join(root, 'test', 'fixtures', 'astronaut.jpg')),
      'astronaut.jpg',
      'image/jpeg',
    );
    const first = discord.animate(picture, { prompt: 'she smiles at us, slow zoom in', seconds: 3, seed: 42 });
    await discord.clipOf(first);
    const { id } = discord.threadOf(first);
    await discord.until(() => discord.world.messagesIn(id).some(({ pinged }) => pinged.length > 0));
    // The next one is shown on its way.
    const second = discord.animate(picture, { prompt: 'wind in her hair, she looks up', resolution: '720p', seed: 7 });
    const running = await discord.until(() => {
      const [status] = discord.world.messagesIn(second.original ?? '');
      return status?.content.includes('▰▰▰') ? status : undefined;
    });
    return draw([discord.world.messages.get(first.original), ...discord.world.messagesIn(id), running]);
  },
});
await discord.close();

function draw(messages) {
  return `<style>
    body { margin: 0; padding: 24px 28px; background: #313338; color: #dbdee1; font: 15px/1.4 system-ui, sans-serif }
    .message { margin: 0 0 18px 52px; position: relative } .message + .message.first { margin-top: 30px }
    .message::before { content: 'a'; position: absolute; left: -52px; width: 38px; height: 38px; border-radius: 50%;
      background: #5865f2; color: #fff; display: grid; place-items: center; font-weight: 700 }
    .name { color: #f2f3f5; font-weight: 600 } .app { background: #5865f2; color: #fff; font-size: 11px; border-radius: 3px; padding: 1px 5px }
    .used { color: #949ba4; font-size: 13px } blockquote { margin: 4px 0; padding-left: 10px; border-left: 4px solid #4e5058 }
    .small { color: #949ba4; font-size: 12.5px } .mention { background: #3c4270; color: #c9cdfb; border-radius: 3px; padding: 0 2px }
    img, video { display: block; margin-top: 6px; border-radius: 8px; max-width: 340px; max-height: 250px }
    .buttons { display: flex; gap: 8px; margin-top: 8px } .button { background: #4e5058; color: #fff; border-radius: 4px; padding: 6px 14px; font-size: 14px }
    .button.primary { background: #5865f2 } .button.danger { background: #da373c }
    hr { border: 0; border-top: 1px solid #3f4147; margin: 18px 0 } .time { background: #3f4147; border-radius: 3px; padding: 0 3px }
  </style>${messages.map(drawMessage).join('')}`;
}

function drawMessage({ content, files, components, interaction, channel }, index) {
  const styles = { 1: 'primary', 4: 'danger' };
  const media = files.map(({ id, name }) => {
    const url = `${discord.url}/attachments/${id}/${name}`;
    return name.endsWith('.mp4') ? `<video src="${url}" muted></video>` : `<img src="${url}">`;
  });
  const buttons = components
    .flatMap((row) => row.components)
    .map(({ label, style }) => `<span class="button ${styles[style] ?? ''}">${label}</span>`);
  const thread =
    index === 1 || index === 3
      ? `<hr><div class="used">Thread: ${escapeHtml(discord.world.channels.get(channel)?.name ?? '')}</div><br>`
      : '';
  return `${thread}<div class="message">${interaction ? `<div class="used">↱ ${ADA.name} used /animate</div>` : ''}
    <span class="name">animate-bot</span> <span class="app">APP</span>
    <div>${toHtml(content)}</div>${media.join('')}${buttons.length ? `<div class="buttons">${buttons.join('')}</div>` : ''}</div>`;
}

function toHtml(content) {
  const lines = escapeHtml(content).split('\n');
  return lines
    .map((line) =>
      line
        .replace(/^&gt; (.*)$/, '<blockquote>$1</blockquote>')
        .replace(/^-# (.*)$/, '<span class="small">$1</span>')
        .replace(/\*\*(.+?)\*\*/g, '<b>$1</b>')
        .replace(/&lt;@\d+&gt;/g, `<span class="mention">@${ADA.name}</span>`)
        .replace(
          /&lt;t:(\d+):R&gt;/g,
          (_, at) => `<span class="time">in ${Math.max(1, Number(at) - Math.floor(Date.now() / 1000))} seconds</span>`,
        )
        .replace(/\\([\\*_~`|>.-])/g, '$1'),
    )
    .join('<br>');
}
