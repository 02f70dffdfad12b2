// Why a member gets no clip, in simplified Chinese.
import type { LimitFigures, Marks, RefusalSentences } from '../../../refusal-kinds.ts';
import {
  describeAspectOver,
  describeBytesOver,
  describeChoices,
  describeCount,
  describePixelsOver,
  describeWait,
  isPictureNoun,
} from '../../../refusals.ts';

const SEND = '请发送静态图片，例如 PNG 或 JPEG。';

const NOUNS: Record<string, string> = {
  'a PDF': 'PDF',
  'a video': '视频文件',
  'a sound file': '音频文件',
  'a ZIP archive': 'ZIP 压缩包',
  'a RAR archive': 'RAR 压缩包',
  'a 7z archive': '7z 压缩包',
  'a gzip archive': 'gzip 压缩包',
  'a program': '程序',
  'a web page': '网页',
  'a text file': '文本文件',
  'an animated GIF': 'GIF 动图',
  'an animated PNG': 'PNG 动图',
  'an animated WebP': 'WebP 动图',
  'an animated AVIF': 'AVIF 动图',
  'an animated HEIC': 'HEIC 动图',
  'a TIFF picture': ' TIFF 图片',
  'an icon': '图标文件',
  'a cursor': '光标文件',
  'a Photoshop document': ' Photoshop 文件',
  'a JPEG XL picture': ' JPEG XL 图片',
  'a JPEG 2000 picture': ' JPEG 2000 图片',
  'a 12-bit JPEG picture': ' 12 位的 JPEG 图片',
  'a 16-bit JPEG picture': ' 16 位的 JPEG 图片',
  'a rare HEIF picture': '这种少见的 HEIF 图片',
  'an SVG drawing': ' SVG 图形',
};

function describeLimit({ limit, of, most, got, waitSeconds }: LimitFigures, { community }: Marks): string {
  const isOwn = of === 'member';
  const server = community === 'server' ? '本服务器' : '本工作区';
  const where = { member: '你在这里', channel: '本频道', server, everyone: '所有人' }[of];
  const wait = waitSeconds === undefined ? undefined : describeWait(waitSeconds, 'zh-CN');
  const next = wait === undefined ? '' : `大约${wait}后可以再做。`;
  switch (limit) {
    case 'atOnce': {
      if (isOwn) return `你已有 ${most} 个短片正在制作，达到了这里的上限。请等待完成，或取消一个。`;
      const again = wait === undefined ? '请稍后再试。' : `请大约${wait}后再试。`;
      if (of === 'everyone') return `目前名额已满。${again}`;
      return `${where}已有 ${most} 个短片正在制作，达到了上限。${again}`;
    }
    case 'perDay':
      return `${isOwn ? '你' : where}今天的 ${most} 个短片已用完。${next}`;
    case 'gpuSecondsPerDay':
      if (wait === undefined) return `仅这个短片就超过了这里每天 ${most} 秒的 GPU 时间。请缩短时长，或改用 480p。`;
      return `${isOwn ? '你' : where}今天的 ${most} 秒 GPU 时间已用完。${next}`;
    case 'cooldownSeconds':
      return `${where}每${describeWait(Number(most), 'zh-CN')}只能做一个短片。${next}`;
    case 'resolution':
      return `这里的短片最高为 ${most}，而你要的是 ${got}。`;
    case 'seconds':
      return `这里的短片最长 ${most} 秒，而你要的是 ${got} 秒。`;
  }
}

export const zhCnRefusals: RefusalSentences = {
  command_unknown: ({ typed }, { code, text }) => `没有 ${text(typed)} 这个命令。请以 ${code('/animate')} 开头。`,
  option_twice: ({ option }, marks) => `${marks.option(option)} 写了两次，请只写一次。`,
  option_unknown: ({ typed, meant }, { code }) =>
    `没有 ${code(`${typed}:`)} 这个选项。你是想写 ${code(`${meant}:`)} 吗？如果它是句子的一部分，请在冒号后加一个空格。`,
  quote_unclosed: ({ option, got }, { code, text }) =>
    `${code(`${option}:`)} 后面的引号没有结束（你写的是 ${text(got)}）。`,
  prompt_missing: ({ isSwallowed }, { code }) =>
    isSwallowed
      ? `请说明图片怎么动：把它写在 ${code('negative:')} 前面，或给要排除的内容加上引号。`
      : '请告诉我图片怎么动，例如“她微笑着抬起头”。',
  text_too_long: ({ option, length, most }, marks) => {
    const what = option === 'prompt' ? '一共' : `${marks.option(option)} 有`;
    return `${what} ${describeCount(length, 'zh-CN')} 个字符，上限是 ${describeCount(most, 'zh-CN')} 个。`;
  },
  not_a_choice: ({ option, choices, got }, marks) =>
    `${marks.option(option)} 只能是 ${describeChoices(choices, marks, ' 或 ')}${youWrote(got, marks)}。`,
  not_in_range: ({ option, from, to, isWhole, got }, marks) =>
    `${marks.option(option)} 必须是 ${from} 到 ${to} 之间的${isWhole ? '整数' : '数'}${youWrote(got, marks)}。`,
  picture_missing: () => '没有看到图片。请附上一张再试一次。',
  picture_gone: () => '这张图片已经不在了，请重新上传。',
  picture_hidden: () => '我打不开这张图片，请把它附在你自己的消息里。',
  picture_elsewhere: ({ service }) => `我只能使用上传到 ${service} 的图片。`,
  picture_empty: () => `这个文件是空的。${SEND}`,
  picture_too_large: ({ bytes, most }) => {
    const { got, limit } = describeBytesOver(bytes ?? most, most, 'zh-CN');
    return bytes === undefined ? `图片太大，上限是 ${limit}。` : `图片大小为 ${got}，上限是 ${limit}。`;
  },
  picture_too_many_pixels: ({ width, height, most }) => {
    const { got, limit } = describePixelsOver(width * height, most, 'zh-CN');
    return `图片有 ${got} 百万像素（${width}×${height}），上限是 ${limit}。请发送小一点的图片。`;
  },
  picture_too_much_memory: ({ most }) =>
    `打开这张图片需要超过 ${Math.floor(most / 1024 / 1024)} MB 的内存。请发送小一点的图片。`,
  picture_too_small: ({ width, height, smallest }) => `图片太小（${width}×${height}），每边至少需要 ${smallest} 像素。`,
  picture_wrong_type: ({ noun, name }, { text }) => {
    const known = NOUNS[noun];
    if (name !== '' && known !== undefined && !isPictureNoun(noun))
      return `${text(name)} 其实不是图片（而是${known}）。${SEND}`;
    if (name !== '' && known === undefined) return `我无法把 ${text(name)} 当作图片打开。${SEND}`;
    if (known === undefined) return `我不认识这种文件。${SEND}`;
    if (!isPictureNoun(noun)) return `这是${known}。${SEND}`;
    return `我打不开${known}。请以 PNG、JPEG 或 WebP 格式发送。`;
  },
  picture_animated: ({ noun }, marks) =>
    `${NOUNS[noun] ? `这是${NOUNS[noun]}。` : '这张图已经会动了。'}${SEND}也可以用选项 ${marks.option('frame')} 让我使用第一帧。`,
  picture_broken: () => '图片已损坏或不完整。请重新保存为 PNG 或 JPEG 再发送。',
  picture_too_slow: ({ seconds }) =>
    `打开这张图片超过了 ${describeCount(seconds, 'zh-CN')} 秒。请重新保存为普通的 PNG 或 JPEG 再发送。`,
  aspect_too_extreme: ({ width, height, most }, marks) => {
    const { got, limit, isWide } = describeAspectOver({ width, height }, most, 'zh-CN');
    return `图片太${isWide ? '宽' : '高'}：比例是 ${got}（${width}×${height}），上限是 ${limit}。请裁剪后再试，或用选项 ${marks.option('fit')} 让我来裁剪或填充。`;
  },
  render_unknown: () => '这个短片太旧，已不再保存。',
  render_picture_gone: () => '这个短片的原图已不再保存，请重新上传。',
  not_yours: ({ owner }, { text, community }) =>
    `这是 ${text(owner)} 的短片，只有本人或${community === 'server' ? '服务器' : '工作区'}管理员可以操作。`,
  limit_reached: describeLimit,
  refused_pictures: ({ most, waitSeconds }) =>
    `你在一小时内有 ${most} 张图片无法使用，已达上限。请大约${describeWait(waitSeconds, 'zh-CN')}后再试。`,
  exported_lately: ({ minutes }) => `你在 ${minutes} 分钟内已经请求过。请过 ${minutes} 分钟再试。`,
  blocked: ({ until }, { time }) =>
    `管理员已禁止你在这里制作短片${until === undefined ? '' : `，直到 ${time(until)}`}。请向管理员询问。`,
  blocked_automatically: ({ until }, { time }) => `被拒绝的请求太多。你可以从 ${time(until)} 起再制作短片。`,
  server_blocked: (_, { community }) => `我不再接受来自本${community === 'server' ? '服务器' : '工作区'}的请求。`,
  refused: ({ strikes, mostStrikes, until }, { time }) => {
    const sentence = '这里不能生成这样的内容。';
    if (until !== undefined) return `${sentence}被拒绝的请求太多。你可以从 ${time(until)} 起再制作短片。`;
    return strikes === 0 ? sentence : `${sentence}第 ${strikes} 次提醒，满 ${mostStrikes} 次将暂停使用一段时间。`;
  },
  near_miss: () => '这样的内容不能生成：其中一些词放在一起可能被误解。请换个说法。这次不计入提醒。',
  consent_missing: ({ text: rules }, { text }) => `请先同意以下内容。\n${text(rules)}`,
  not_in_channel: ({ invite }, { code }) =>
    `我不在这个频道里。请在这里输入 ${code(invite)} 再试一次，或把图片私信给我。`,
  thread_locked: () => '此消息列已锁定，我无法在这里回复。',
  channel_archived: () => '此频道已归档，我无法在这里发布消息。',
  posting_forbidden: () => '我不能在这里发布消息。你可以改为通过私信把图片发给我。',
  admin_needed: () => '我在此工作区缺少一项权限，暂时无法继续。请告诉管理员。',
  place_refused: ({ service, why }, { text }) => `${service} 不让我在这里发消息（${text(why)}）。`,
};

function youWrote(got: string, { text }: Marks): string {
  return got === '' ? '' : `（你写的是 ${text(got)}）`;
}
