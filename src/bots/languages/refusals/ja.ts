// Why a member gets no clip, in Japanese.
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

const SEND = 'PNGやJPEGなどの静止画を送ってください。';

const NOUNS: Record<string, string> = {
  'a PDF': 'PDF',
  'a video': '動画ファイル',
  'a sound file': '音声ファイル',
  'a ZIP archive': 'ZIPファイル',
  'a RAR archive': 'RARファイル',
  'a 7z archive': '7zファイル',
  'a gzip archive': 'gzipファイル',
  'a program': 'プログラム',
  'a web page': 'ウェブページ',
  'a text file': 'テキストファイル',
  'an animated GIF': '動くGIF',
  'an animated PNG': '動くPNG',
  'an animated WebP': '動くWebP',
  'an animated AVIF': '動くAVIF',
  'an animated HEIC': '動くHEIC',
  'a TIFF picture': 'TIFF画像',
  'an icon': 'アイコン',
  'a cursor': 'カーソル',
  'a Photoshop document': 'Photoshopのファイル',
  'a JPEG XL picture': 'JPEG XL画像',
  'a JPEG 2000 picture': 'JPEG 2000画像',
  'a 12-bit JPEG picture': '12ビットのJPEG画像',
  'a 16-bit JPEG picture': '16ビットのJPEG画像',
  'a rare HEIF picture': 'この珍しい種類のHEIF画像',
  'an SVG drawing': 'SVG画像',
};

function describeLimit({ limit, of, most, got, waitSeconds }: LimitFigures, { community }: Marks): string {
  const isOwn = of === 'member';
  const server = community === 'server' ? 'このサーバー' : 'このワークスペース';
  const where = { member: 'ここ', channel: 'このチャンネル', server, everyone: '全体' }[of];
  const wait = waitSeconds === undefined ? undefined : describeWait(waitSeconds, 'ja');
  const next = wait === undefined ? '' : `次は約${wait}後に作れます。`;
  switch (limit) {
    case 'atOnce': {
      if (isOwn)
        return `作成中のクリップがすでに${most}件あり、ここでの上限です。終わるのを待つか、取り消してください。`;
      const again = wait === undefined ? 'あとでもう一度お試しください。' : `約${wait}後にもう一度お試しください。`;
      if (of === 'everyone') return `いまは混み合っています。${again}`;
      return `${where}では作成中のクリップがすでに${most}件あり、上限です。${again}`;
    }
    case 'perDay':
      return `${isOwn ? '今日の上限' : `${where}の今日の上限`}（${most}件）に達しました。${next}`;
    case 'gpuSecondsPerDay':
      if (wait === undefined)
        return `このクリップだけで、ここでの1日のGPU時間（${most}秒）を超えます。短くするか、480pでお試しください。`;
      return `${isOwn ? '今日のGPU時間' : `${where}の今日のGPU時間`}（${most}秒）を使い切りました。${next}`;
    case 'cooldownSeconds':
      return `${where}では${describeWait(Number(most), 'ja')}ごとに1件まで作れます。${next}`;
    case 'resolution':
      return `ここで作れるのは${most}までです（指定は${got}）。`;
    case 'seconds':
      return `ここで作れるのは${most}秒までです（指定は${got}秒）。`;
  }
}

export const jaRefusals: RefusalSentences = {
  command_unknown: ({ typed }, { code, text }) =>
    `${text(typed)} というコマンドはありません。${code('/animate')} で始めてください。`,
  option_twice: ({ option }, marks) => `${marks.option(option)} が2回指定されています。1回だけにしてください。`,
  option_unknown: ({ typed, meant }, { code }) =>
    `${code(`${typed}:`)} というオプションはありません。${code(`${meant}:`)} のことですか？ 文の一部なら、コロンの後にスペースを入れてください。`,
  quote_unclosed: ({ option, got }, { code, text }) =>
    `${code(`${option}:`)} の後の引用符が閉じられていません（入力: ${text(got)}）。`,
  prompt_missing: ({ isSwallowed }, { code }) =>
    isSwallowed
      ? `画像をどう動かすかを ${code('negative:')} の前に書くか、除外するものを引用符で囲んでください。`
      : '画像をどう動かすか書いてください。例: 「彼女がほほえんで見上げる」',
  text_too_long: ({ option, length, most }, marks) => {
    const what = option === 'prompt' ? '' : `${marks.option(option)} は`;
    return `${what}${describeCount(length, 'ja')}文字あります。上限は${describeCount(most, 'ja')}文字です。`;
  },
  not_a_choice: ({ option, choices, got }, marks) =>
    `${marks.option(option)} は ${describeChoices(choices, marks, ' か ')} にしてください${youWrote(got, marks)}。`,
  not_in_range: ({ option, from, to, isWhole, got }, marks) =>
    `${marks.option(option)} は${from}から${to}までの${isWhole ? '整数' : '数'}にしてください${youWrote(got, marks)}。`,
  picture_missing: () => '画像がありません。画像を添付して、もう一度お試しください。',
  picture_gone: () => 'その画像はもうありません。もう一度添付してください。',
  picture_hidden: () => 'その画像を開けません。ご自分のメッセージに添付してください。',
  picture_elsewhere: ({ service }) => `使えるのは${service}にアップロードされた画像だけです。`,
  picture_empty: () => `ファイルが空です。${SEND}`,
  picture_too_large: ({ bytes, most }) => {
    const { got, limit } = describeBytesOver(bytes ?? most, most, 'ja');
    return bytes === undefined
      ? `画像が大きすぎます。上限は${limit}です。`
      : `画像の大きさは${got}です。上限は${limit}です。`;
  },
  picture_too_many_pixels: ({ width, height, most }) => {
    const { got, limit } = describePixelsOver(width * height, most, 'ja');
    return `画像が${got}メガピクセル（${width}×${height}）あります。上限は${limit}です。小さくして送ってください。`;
  },
  picture_too_much_memory: ({ most }) =>
    `画像を開くのに${Math.floor(most / 1024 / 1024)}MBを超えるメモリが必要です。小さくして送ってください。`,
  picture_too_small: ({ width, height, smallest }) =>
    `画像が小さすぎます（${width}×${height}）。縦も横も${smallest}ピクセル以上必要です。`,
  picture_wrong_type: ({ noun, name }, { text }) => {
    const known = NOUNS[noun];
    if (name !== '' && known !== undefined && !isPictureNoun(noun))
      return `${text(name)} は画像ではありません（中身は${known}です）。${SEND}`;
    if (name !== '' && known === undefined) return `${text(name)} は画像として開けません。${SEND}`;
    if (known === undefined) return `この種類のファイルは分かりません。${SEND}`;
    if (!isPictureNoun(noun)) return `これは${known}です。${SEND}`;
    return `${known}は開けません。PNG、JPEG、WebPのどれかで送ってください。`;
  },
  picture_animated: ({ noun }, marks) =>
    `${NOUNS[noun] ? `これは${NOUNS[noun]}です。` : 'すでに動いている画像です。'}${SEND}オプション ${marks.option('frame')} で最初のコマを使うこともできます。`,
  picture_broken: () => '画像が壊れているか、途中で切れています。PNGかJPEGで保存し直して送ってください。',
  picture_too_slow: ({ seconds }) =>
    `画像を開くのに${describeCount(seconds, 'ja')}秒を超えます。ふつうのPNGかJPEGで保存し直して送ってください。`,
  aspect_too_extreme: ({ width, height, most }, marks) => {
    const { got, limit, isWide } = describeAspectOver({ width, height }, most, 'ja');
    return `画像が${isWide ? '横長' : '縦長'}すぎます。比率は${got}（${width}×${height}）で、上限は${limit}です。切り抜いてもう一度お試しください。オプション ${marks.option('fit')} を使えば、こちらで切り抜いたり余白を足したりできます。`;
  },
  render_unknown: () => 'このクリップは古いため、もう残っていません。',
  render_picture_gone: () => 'このクリップの元の画像はもう残っていません。もう一度添付してください。',
  not_yours: ({ owner }, { text, community }) =>
    `これは${text(owner)}さんのクリップです。操作できるのは本人か${community === 'server' ? 'サーバー' : 'ワークスペース'}の管理者だけです。`,
  limit_reached: describeLimit,
  refused_pictures: ({ most, waitSeconds }) =>
    `1時間に${most}枚の画像が使えませんでした。これが上限です。約${describeWait(waitSeconds, 'ja')}後にもう一度お試しください。`,
  exported_lately: ({ minutes }) =>
    `${minutes}分以内にすでにリクエストされています。${minutes}分後にもう一度お試しください。`,
  blocked: ({ until }, { time }) =>
    `管理者により${until === undefined ? '' : `${time(until)}まで`}クリップの作成をブロックされています。管理者にお問い合わせください。`,
  blocked_automatically: ({ until }, { time }) =>
    `断られたリクエストが多すぎました。${time(until)}から、またクリップを作れます。`,
  server_blocked: (_, { community }) =>
    `この${community === 'server' ? 'サーバー' : 'ワークスペース'}からのリクエストは受け付けていません。`,
  refused: ({ strikes, mostStrikes, until }, { time }) => {
    const sentence = 'それはここでは動かせません。';
    if (until !== undefined)
      return `${sentence}断られたリクエストが多すぎました。${time(until)}から、またクリップを作れます。`;
    return strikes === 0
      ? sentence
      : `${sentence}警告${strikes}回目です（${mostStrikes}回でしばらく使えなくなります）。`;
  },
  near_miss: () =>
    'それは動かせません。言葉の組み合わせが誤解されるおそれがあります。別の言い方でお試しください。警告には数えません。',
  consent_missing: ({ text: rules }, { text }) => `最初に次への同意が必要です。\n${text(rules)}`,
  not_in_channel: ({ invite }, { code }) =>
    `このチャンネルに参加していません。ここで ${code(invite)} と入力してもう一度お試しください。画像をダイレクトメッセージで送ることもできます。`,
  thread_locked: () => 'このスレッドはロックされているため、ここには返信できません。',
  channel_archived: () => 'このチャンネルはアーカイブされているため、投稿できません。',
  posting_forbidden: () => 'ここには投稿できません。代わりにダイレクトメッセージで画像を送ってください。',
  admin_needed: () => 'このワークスペースで必要な権限が足りないため、続けられません。管理者に知らせてください。',
  place_refused: ({ service, why }, { text }) => `${service}がここへの投稿を受け付けませんでした（${text(why)}）。`,
};

function youWrote(got: string, { text }: Marks): string {
  return got === '' ? '' : `（入力: ${text(got)}）`;
}
