// `npm run picture:slack`: docs/slack.png, a thread, the form and the Home tab, drawn from what the bot really sent to the tests'
// stand-in for Slack, with the preview engine.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { drawWithBot, escapeHtml } from './picture.mjs';
import { root, setUp } from './setup.mjs';
import { loadSlack } from './stand-in.mjs';

setUp({ isForDevelopment: true });
const { startSlack, ADA } = await loadSlack();
const slack = await startSlack();

await drawWithBot({
  service: slack,
  name: 'slack',
  size: { width: 1220, height: 900 },
  async play() {
    await slack.until(() => slack.socket.hellos > 0);
    const picture = slack.upload(
      readFileSync(join(root, 'test', 'fixtures', 'astronaut.jpg')),
      'astronaut.jpg',
      'image/jpeg',
    );
    const words = 'she smiles at us, slow zoom in seconds:3 seed:42';
    const mention = slack.mention(words, { files: [picture] });
    await slack.clipOf(mention.message);
    await endIn(mention.message);
    // The next one is shown on its way.
    const form = await slack.viewOf(slack.command('/animate', 'wind in her hair, she looks up resolution:720p'));
    const empty = structuredClone(form.json);
    await slack.submit(form, { picture: { files: [picture] }, seed: '7' });
    const starter = await slack.until(() => slack.messagesIn(slack.garden.id).find(({ isFromBot }) => isFromBot));
    const running = await slack.until(() => {
      const [status] = slack.messagesIn(slack.garden.id, starter.ts);
      return textOf(status?.blocks ?? []).includes('▰▰▰') ? structuredClone(status) : undefined;
    });
    await endIn(starter);
    slack.openHome(ADA);
    const home = await slack.until(() => slack.world.homes.get(ADA.id));
    return draw({
      left: [
        drawMessage(mention.message),
        '<div class="rule">2 replies</div>',
        ...slack.messagesIn(slack.garden.id, mention.message.ts).map(drawMessage),
      ],
      right: [drawMessage(starter), '<div class="rule">1 reply</div>', drawMessage(running)],
      form: drawModal(empty),
      home: `<div class="home">${drawBlocks(home.json.blocks)}</div>`,
    });
  },
});
await slack.close();

function endIn({ channel, ts }) {
  return slack.until(() => slack.messagesIn(channel, ts).find(({ blocks }) => textOf(blocks).includes('render_again')));
}

function textOf(blocks) {
  return JSON.stringify(blocks);
}

function draw({ left, right, form, home }) {
  return `<style>
    * { box-sizing: border-box } body { margin: 0; padding: 22px; background: #f4ede4; color: #1d1c1d; font: 15px/1.45 Lato, system-ui, sans-serif;
      display: grid; grid-template-columns: 1fr 1fr; gap: 18px; align-items: stretch }
    .card { background: #fff; border: 1px solid #ddd; border-radius: 10px; padding: 16px 18px }
    .title { font-weight: 800; margin: -4px 0 12px; padding-bottom: 8px; border-bottom: 1px solid #eee } .title small { color: #616061; font-weight: 400 }
    .message { margin: 0 0 14px 46px; position: relative } .message::before { content: attr(data-initial); position: absolute; left: -46px; width: 36px;
      height: 36px; border-radius: 8px; background: var(--colour); color: #fff; display: grid; place-items: center; font-weight: 700 }
    .name { font-weight: 800 } .app { background: #e8e8e8; color: #616061; font-size: 10.5px; border-radius: 2px; padding: 1px 4px; font-weight: 700 }
    .rule { color: #616061; font-size: 13px; border-bottom: 1px solid #e4e4e4; margin: 0 0 14px; padding-bottom: 3px }
    .context { color: #616061; font-size: 12.5px; margin-top: 3px } blockquote { margin: 3px 0; padding-left: 12px; border-left: 4px solid #ddd }
    .mention { background: #e8f5fa; color: #1264a3; border-radius: 3px; padding: 0 2px } code { color: #e01e5a; background: #f6f6f6; border: 1px solid #ddd; border-radius: 3px; padding: 0 3px; font-size: 12.5px }
    .file { color: #616061; font-size: 12.5px; margin-top: 4px } img, video { display: block; margin-top: 4px; border-radius: 8px; max-width: 320px; max-height: 170px }
    .buttons { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 8px } .button { background: #fff; border: 1px solid #bbb; border-radius: 4px; padding: 4px 12px; font-size: 13.5px; font-weight: 700; white-space: nowrap }
    .button.primary { background: #007a5a; border-color: #007a5a; color: #fff } .button.danger { color: #e01e5a; border-color: #e01e5a }
    .row { display: flex; justify-content: space-between; gap: 12px; margin-bottom: 8px } .field { margin-bottom: 10px; font-weight: 700; font-size: 14px } .field small { color: #616061; font-weight: 400 }
    .input { font-weight: 400; border: 1px solid #bbb; border-radius: 4px; padding: 5px 10px; margin-top: 3px; min-height: 33px } .input.area { min-height: 52px }
    h3 { font-size: 17px; margin: 2px 0 8px } hr { border: 0; border-top: 1px solid #eee; margin: 12px 0 } .foot { display: flex; justify-content: flex-end; gap: 8px; margin-top: 12px }
  </style>
  <div class="card"><div class="title">Thread <small># garden</small></div>${left.join('')}</div>
  <div class="card"><div class="title">Thread <small># garden</small></div>${right.join('')}</div>
  <div class="card"><div class="title">animate-bot <small>Home</small></div>${home}</div>
  <div class="card">${form}</div>`;
}

function drawMessage({ text, blocks, files, isFromBot }) {
  const body = blocks.length > 0 ? drawBlocks(blocks) : `<div>${toHtml(text)}</div>`;
  const media = files.map((file) => {
    const url = `data:${file.mimetype};base64,${file.bytes.toString('base64')}`;
    const shown = file.mimetype.startsWith('video/') ? `<video src="${url}" muted></video>` : `<img src="${url}">`;
    return `<div class="file">${escapeHtml(file.title)} ▾</div>${shown}`;
  });
  const [name, colour] = isFromBot ? ['animate-bot', '#2b1d4f'] : [ADA.name, '#e8912d'];
  return `<div class="message" data-initial="${name[0]}" style="--colour: ${colour}"><span class="name">${name}</span>
    ${isFromBot ? '<span class="app">APP</span>' : ''}${body}${media.join('')}</div>`;
}

function drawModal({ title, submit, close, blocks }) {
  const button = ({ text }, kind = '') => `<span class="button ${kind}">${escapeHtml(text)}</span>`;
  return `<div class="title">${escapeHtml(title.text)}</div>${drawBlocks(blocks)}
    <div class="foot">${button(close)}${button(submit, 'primary')}</div>`;
}

function drawBlocks(blocks) {
  return blocks.map(drawBlock).join('');
}

function drawBlock({ type, text, elements, accessory, label, element, optional, hint }) {
  const button = (each) => `<span class="button ${each.style ?? ''}">${escapeHtml(each.text.text)}</span>`;
  switch (type) {
    case 'section':
      return `<div class="row"><div>${toHtml(text.text)}</div>${accessory ? `<div>${button(accessory)}</div>` : ''}</div>`;
    case 'context':
      return `<div class="context">${elements.map((each) => toHtml(each.text)).join(' ')}</div>`;
    case 'actions':
      return `<div class="buttons">${elements.map(button).join('')}</div>`;
    case 'header':
      return `<h3>${escapeHtml(text.text)}</h3>`;
    case 'divider':
      return '<hr>';
    case 'input':
      return `<div class="field">${escapeHtml(label.text)} ${optional ? '<small>(optional)</small>' : ''}${drawInput(element)}
        ${hint ? `<small>${escapeHtml(hint.text)}</small>` : ''}</div>`;
    default:
      throw new Error(`Expected a block that is drawn here, got ${type}`);
  }
}

function drawInput({ type, initial_value: value = '', initial_option: option, multiline }) {
  if (type === 'file_input') return '<div><span class="button">Add file</span></div>';
  return `<div class="input ${multiline ? 'area' : ''}">${escapeHtml(option?.text.text ?? value)}${option ? ' ▾' : ''}</div>`;
}

/** Slack's markup: what is between < and > is Slack's own, and all else is escaped already. */
function toHtml(mrkdwn) {
  const time = (at) => new Date(at * 1000).toISOString().slice(11, 19);
  return mrkdwn
    .replace(/<@(\w+)>/g, (_, id) => `<span class="mention">@${id === ADA.id ? ADA.name : 'animate-bot'}</span>`)
    .replace(/<!date\^(\d+)\^[^|>]*\|[^>]*>/g, (_, at) => time(Number(at)))
    .split('\n')
    .map((line) => line.replace(/^>(.*)$/, '<blockquote>$1</blockquote>'))
    .join('<br>')
    .replace(/<\/blockquote><br>|<br>(?=<blockquote>)/g, (found) => found.replace('<br>', ''))
    .replace(/`([^`\u200b]+)`/g, '<code>$1</code>')
    .replace(/(^|[\s>])\*([^*\u200b]+)\*/g, '$1<b>$2</b>')
    .replace(/(^|[\s>])_([^_\u200b]+)_/g, '$1<i>$2</i>');
}
