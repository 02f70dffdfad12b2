import { jaRefusals } from './refusals/ja.ts';
import type { Words } from './words.ts';

/** Why a render failed, where its member can do something with it. What engines say is English. */
const FAILURES = new Map([
  ['clip_missing', 'クリップはできましたが、もう残っていません。'],
  ['refused', 'できあがったものは、ここではお見せできません。'],
]);

export const ja: Words = {
  locale: 'ja',
  gettingInLine: '順番を取っています',
  aboutToStart: 'まもなく始まります',
  nextInLine: '次の番です',
  inLine: (position) => `${position}番目に並んでいます`,
  tryingAgain: '新しいエンジンでもう一度試しています',
  starting: '始めています',
  stage: {
    loading: '準備しています',
    encoding_prompt: 'プロンプトを読んでいます',
    encoding_image: '画像を見ています',
    denoising: (step, steps) => `動きを考えています（${step}/${steps}）`,
    decoding: (step, steps) => `フレームを描いています（${step}/${steps}）`,
    encoding_video: 'クリップを保存しています',
  },
  done: 'クリップができました',
  failed: 'すみません、うまくいきませんでした',
  cancelled: '取り消しました',
  deleted: '削除しました',
  noWorker: 'いまオンラインのレンダラーがありません。つながりしだい始まります。',
  noGpu: (resolution, quality) =>
    `いま${resolution}${quality === 'best' ? '（最高品質）' : ''}を作れるGPUがオンラインにありません。つながりしだい始まります。`,
  stillLoading: 'エンジンを読み込み中です。終わりしだい始まります。',
  failure: (code) => FAILURES.get(code) ?? 'クリップの作成中に問題が起きました。',
  askForHelp: (renderId) => `お問い合わせの際は、このIDをお伝えください: ${renderId}`,
  freed: {
    not_started: '始まる前だったので、GPU時間は使っていません。',
    released: '途中で止めました。エンジンは空いています。',
    recycling: '途中で止めました。そのためエンジンを再起動しました。',
  },
  facts: { madeWith: '作成方法', size: 'サイズ', length: '長さ', seed: 'シード', took: '所要時間', engine: 'エンジン' },
  took: (whole, engine) => `${whole}（うち生成${engine}）`,
  ai: 'AI生成',
  preview: 'プレビュー（GPUなし）',
  buttons: {
    cancel: '取り消す',
    again: 'もう一度',
    edit: '変更',
    larger: '720p',
    extend: '続きを作る',
    delete: '削除',
  },
  onceMore: '同じ言葉、新しいシードで作ります。',
  larger: '同じクリップを720pで作ります。',
  extended: '最後のフレームから続けます。',
  editedNow: '変更した内容で始めました。',
  nothingToCancel: 'このクリップはもうできているので、取り消すものはありません。',
  cancelledInTime: '始まる前に取り消しました。',
  stopping: '止めています。',
  deletedNow: '削除しました。',
  refusedInEnglish: 'そのままではできません:',
  refusals: jaRefusals,
  offers: { crop: '切り抜く', pad: '余白を足す', first_frame: '最初のコマを使う' },
  trust: {
    accept: '同意する',
    accepted: 'ありがとうございます！もう一度リクエストを送ってください。',
    forgotten: (count) => (count === 0 ? 'ここにあなたのクリップはありません。' : `クリップを${count}件削除しました。`),
    exported: (count) =>
      `あなたについて保存しているものはこれですべてです: \`export.json\`${count === 0 ? '' : `とファイル${count}件`}。`,
    exportLeftOut: (count) =>
      `ほかの${count}件のファイルは、大きすぎるか多すぎるためここでは送れません。\`export.json\` に一覧があります。`,
  },
  left: {
    atOnce: (left, most) => `いまあと${left}件始められます（同時${most}件まで）`,
    perDay: (left, most) => `今日はあと${left}本（上限${most}本）`,
    gpuSecondsPerDay: (left, most) => `今日のGPU時間はあと${left}秒（上限${most}秒）`,
  },
  chat: {
    ready: (when) => `完成予定 ${when}`,
    clipReady: (member) => `${member} さん、クリップができました！`,
    clipFailed: (member) => `${member} さん、うまくいきませんでした。理由は上のメッセージにあります。`,
    onItsWay: '準備中',
    broken: 'こちらで問題が起きたため、何も始まっていません。少ししてからもう一度お試しください。',
    queueAway: 'いま順番待ちに接続できないため、何も始まっていません。1分後にもう一度お試しください。',
    mediaAway: 'いま画像を取得できないため、何も始まっていません。数分後にもう一度お試しください。',
    removed: '削除されました。',
    tooLarge: (link) => `クリップが大きすぎて、ここにはアップロードできません: [こちらで見る](${link})`,
    tooLargeForHere:
      'クリップはできましたが、圧縮しても大きすぎてここにはアップロードできません。短くするか、480pでお試しください。',
    linkEnds: (when) => `リンクの有効期限: ${when}`,
    needsPermission: (names) => `まだここでは返信できません。このチャンネルで ${names} の権限をください。`,
    askAdmin: (names) => `ここでは権限が足りません: ${names}。サーバーの管理者に頼んでください。`,
    noThread: (names) =>
      `ここではスレッドを開けないため、チャンネルに返信しました。スレッドには ${names} の権限が必要です。`,
    ageRestrictedOnly: '年齢制限のあるチャンネルでのみ使えます。',
    noPicture:
      'そのメッセージに画像が見つかりません。PNG、JPEG、WebP、GIF、HEICなどの画像が添付されている必要があります。',
    pickPicture: 'どの画像ですか？',
    notForYou: 'これはanimate-botの管理者だけができます。',
    expired: '長い間開いたままだったため、期限が切れました。もう一度始めてください。',
    alreadyPressed: '受け付けました。もう取りかかっています。',
    modalTitle: 'この画像を動かす',
    help: ({ animate, menu, help }) =>
      [
        `**画像を動かします。** ${animate} を使い、画像を添付して、どう動くかを書いてください。`,
        `または画像のあるメッセージのメニューから「アプリ」→ **${menu}**。`,
        'クリップはスレッドに、スレッドがない場所ではその場に届きます。待っている間は順番と残り時間が表示されます。',
        '下のボタン: **もう一度**（新しいシード）、**変更**、**720p**、**続きを作る**（最後のフレームから）、**削除**。',
        '動きを短く書くのがコツです: *彼女がほほえんで見上げる、髪が風になびく*',
        `あなたのデータ: ${help} でクリップをすべて削除する（\`delete_my_clips\`）か、保存しているものをすべて受け取れます（\`send_my_data\`）。`,
      ].join('\n'),
  },
  slack: {
    guest: 'ゲスト',
    readyAt: (time) => `${time}ごろ完成`,
    bringing: 'クリップをアップロードしています',
    animate: '動かす',
    clipsOf: '最近のクリップ',
    noClips: 'まだクリップはありません。',
    howTo: '作り方',
    open: '開く',
    channel: 'クリップの投稿先',
    admin: '管理者用',
    refresh: '更新',
    pause: '一時停止',
    resume: '再開',
    triedAgain: 'いま順番待ちに接続できません。数分間、再試行を続けます。',
    mentionNeedsPicture: (menu) =>
      `私をメンションするメッセージに画像を添付して、どう動かすかを書いてください。すでにある画像は、そのメニュー &gt; その他のメッセージショートカット &gt; *${menu}* から。`,
    notShared: '他の組織と共有しているチャンネルでは使えない設定になっています。',
    notTaken:
      'クリップはできましたが、Slackが投稿を受け付けませんでした。ワークスペースの管理者に確認してから「もう一度」を押してください。',
    notTakenButLink: (link) => `Slackがクリップの投稿を受け付けませんでした：[ここで見る](${link})`,
    tookFirst: (count, menu) =>
      `メッセージに画像が${count}枚あるため、使える最初の1枚を選びました。別の画像を使うには、メッセージのメニュー &gt; その他のメッセージショートカット &gt; *${menu}* を開いてください。`,
    howToAccept:
      'ボタンを押して同意すると、すぐに始まります。`/animate accept` と入力して、もう一度リクエストを送ることもできます。',
    dataSent: 'ダイレクトメッセージで送りました。',
    dataNotSent:
      'ダイレクトメッセージを送れません。このアプリの「メッセージ」タブを開いてから、もう一度お試しください。',
    deletedMeanwhile: 'このクリップはその間に削除されました。この画面を閉じて、画像からやり直してください。',
    help: ({ animate, menu, bot }) =>
      [
        '*画像を動かします。* 方法は4つあります。',
        `• ${animate} と入力し、開いたフォームに画像を追加する。`,
        `• 画像のあるメッセージのメニューから、その他のメッセージショートカット &gt; *${menu}* を選ぶ。`,
        `• 画像を添付したメッセージで ${bot} をメンションし、どう動かすかを書く。`,
        '• 画像と一文をダイレクトメッセージで送る。',
        `クリップはスレッドに届きます。待っている間は順番と残り時間が表示されます。動きについての短い文が効果的です：_彼女が微笑んで顔を上げる、髪が風に揺れる_。オプションは最後に書けます：\`seconds:3 resolution:720p seed:7\``,
        'あなたのデータ: `/animate delete my clips` でクリップをすべて削除し、`/animate send my data` で保存しているものをすべて受け取れます。',
      ].join('\n'),
  },
  discord: {
    sentDirectly: 'Discordがここへの投稿を受け付けなかったため、クリップをダイレクトメッセージで送りました。',
    notTaken:
      'クリップはできましたが、Discordが投稿を受け付けませんでした。別のチャンネルで**もう一度**お試しください。',
    notTakenButLink: (link) => `Discordがクリップの投稿を受け付けませんでした：[ここで見る](${link})`,
    continuesDirectly:
      'Discordでこのメッセージを更新できる時間を超えそうです。クリップはダイレクトメッセージで送ります。',
    continuesIfShared:
      'Discordでこのメッセージを更新できる時間を超えそうです。ダイレクトメッセージでクリップを送れるのは、同じサーバーに参加している場合だけです。あなたのサーバーに私を追加するか、あとでもう一度お試しください。',
    filesRefused:
      'Discordがここへのファイル送信を受け付けませんでした。私へのダイレクトメッセージでコマンドを使ってください。',
    deletedButShown:
      'クリップは削除しましたが、このチャンネルが見えなくなったため、メッセージを消せません。メッセージを管理できる人に削除を頼んでください。',
    unknownCommand: (animate) => `そのコマンドはもうありません。${animate} を使ってください。`,
    noPicture: (animate) =>
      `そのメッセージに画像が見つかりません。添付画像、埋め込み、スタンプ、カスタム絵文字が使えます。または ${animate} に画像を添付してください。`,
    avatarMenu: 'このアイコンを動かす',
    avatarOf: (name) => `${name}さんのアイコン`,
    sticker: 'スタンプ',
    emoji: '絵文字',
    embed: '埋め込み',
  },
  commands: {
    animate: { name: '動かす', description: '画像を動かします' },
    picture: { name: '画像', description: '画像（PNG、JPEG、WebP、GIF、HEIC、AVIF、BMP）' },
    prompt: { name: '動き', description: 'どう動くか、一文で' },
    resolution: { name: '解像度', description: 'クリップの細かさ' },
    seconds: { name: '秒数', description: 'クリップの長さ（1〜5秒）' },
    seed: { name: 'シード', description: '整数。同じシードなら同じクリップになります' },
    negative: { name: '除外', description: '映したくないもの' },
    quality: { name: '品質', description: 'どれだけ手間をかけるか' },
    fit: { name: '形', description: '横長・縦長すぎる画像をどうするか' },
    frame: { name: 'コマ', description: 'アニメーションのどのコマを使うか' },
    private: { name: '非公開', description: '自分だけが見られます' },
    menu: 'この画像を動かす',
    help: { name: '動かし方', description: '画像の動かし方' },
    forget: { name: 'delete_my_clips', description: 'ここで作ったクリップをすべて削除します' },
    export: {
      name: 'send_my_data',
      description: 'あなたについて保存しているデータ、画像、クリップをすべて受け取ります',
    },
    size: 'サイズと品質',
    quick: '480p、速い',
    sharp: '720p、細かい、時間がかかる',
    fast: '速い',
    best: '最高（手順が多く、とても時間がかかる）',
    crop: '切り抜く（中央を残す）',
    pad: '余白を足す（全体を残す）',
    firstFrame: '最初のコマ',
  },
};
