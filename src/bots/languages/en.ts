import { ENGLISH } from '../../refusals.ts';
import type { Words } from './words.ts';

export const en: Words = {
  locale: 'en',
  gettingInLine: 'Getting in line',
  aboutToStart: 'About to start',
  nextInLine: 'Next in line',
  inLine: (position) => `${ordinal(position)} in line`,
  tryingAgain: 'Trying again with a fresh engine',
  starting: 'Starting',
  stage: {
    loading: 'Warming up',
    encoding_prompt: 'Reading your prompt',
    encoding_image: 'Looking at your picture',
    denoising: (step, steps) => `Imagining the motion, step ${step} of ${steps}`,
    decoding: (step, steps) => `Drawing the frames, step ${step} of ${steps}`,
    encoding_video: 'Saving the clip',
  },
  done: 'Here is your clip',
  failed: "Sorry, that didn't work",
  cancelled: 'Cancelled',
  deleted: 'Deleted',
  noWorker: 'No renderer is online right now. Your clip starts as soon as one is.',
  noGpu: (resolution, quality) =>
    `No GPU that can make ${resolution}${quality === 'best' ? ' at best quality' : ''} is online right now. Your clip starts as soon as one is.`,
  stillLoading: 'The engine is still loading. Your clip starts right after.',
  failure: (_code, message) => message,
  askForHelp: (renderId) => `If you ask for help, include this ID: ${renderId}`,
  freed: {
    not_started: "It hadn't started, so it took no GPU time.",
    released: 'I stopped it halfway, and the engine is free again.',
    recycling: 'I stopped it halfway, and the engine had to restart for that.',
  },
  facts: { madeWith: 'Made with', size: 'Size', length: 'Length', seed: 'Seed', took: 'Took', engine: 'Engine' },
  took: (whole, engine) => `${whole} (${engine} rendering)`,
  ai: 'AI',
  preview: 'preview, no GPU',
  buttons: { cancel: 'Cancel', again: 'Again', edit: 'Edit', larger: '720p', extend: 'Extend', delete: 'Delete' },
  onceMore: 'On it: same words, new seed.',
  larger: 'On it: the same clip in 720p.',
  extended: 'On it: continuing from the last frame.',
  editedNow: 'On it: with your changes.',
  nothingToCancel: "That clip is already finished, so there's nothing to cancel.",
  cancelledInTime: 'Cancelled before it started.',
  stopping: 'Stopping it now.',
  deletedNow: 'Deleted.',
  refusedInEnglish: '',
  refusals: ENGLISH,
  offers: { crop: 'Crop it', pad: 'Pad it', first_frame: 'Use the first frame' },
  trust: {
    accept: 'Accept',
    accepted: 'Thanks! Please send your request again.',
    forgotten: (count) =>
      count === 0 ? 'You have no clips here.' : `Deleted ${count === 1 ? '1 clip' : `${count} clips`}.`,
    exported: (count) =>
      `Here is everything I keep about you: \`export.json\`${count === 0 ? '' : ` and ${count === 1 ? '1 file' : `${count} files`}`}.`,
    exportLeftOut: (count) =>
      `${count === 1 ? '1 more file is' : `${count} more files are`} too large or too many to send here. \`export.json\` names them.`,
  },
  left: {
    atOnce: (left, most) => `You can start ${left} more now (limit: ${most} at once)`,
    perDay: (left, most) => `${left} of ${most} clips left today`,
    gpuSecondsPerDay: (left, most) => `${left} of ${most} seconds of GPU time left today`,
  },
  login: {
    private: 'This page is private. It opens with the link in the terminal where the bot was started.',
    printedAgain: (command) => `Can't find it? ${command} prints it again.`,
    label: 'Or paste the link or its token here',
    open: 'Open the page',
    wrong: "That token doesn't open this page. Please use the latest link from the terminal.",
    tooManyWrong: (minutes) =>
      `There were too many wrong tokens. Please try again in ${minutes === 1 ? 'a minute' : `${minutes} minutes`}.`,
    busy: 'Too many people are logging in right now. Please try again in a moment.',
  },
  chat: {
    ready: (when) => `expected ${when}`,
    clipReady: (member) => `${member}, your clip is ready!`,
    clipFailed: (member) => `${member}, that one didn't work. The message above explains why.`,
    onItsWay: 'On its way',
    broken: 'Something went wrong on our side, so nothing was started. Please try again in a moment.',
    queueAway: "I can't reach the queue right now, so nothing was started. Please try again in a minute.",
    mediaAway: "I can't get your picture right now, so nothing was started. Please try again in a few minutes.",
    removed: 'Removed.',
    tooLarge: (link) => `The clip is too large to upload here: [watch it here](${link})`,
    tooLargeForHere:
      "Your clip is finished, but it's too large to upload here, even compressed. Try a shorter clip or 480p.",
    linkEnds: (when) => `The link expires ${when}.`,
    needsPermission: (names) => `I can't reply here yet. Please give me ${names} in this channel.`,
    askAdmin: (names) => `I'm missing permissions here: ${names}. Ask a server admin to grant them.`,
    noThread: (names) => `I replied in the channel because I can't open a thread here. For threads, give me ${names}.`,
    ageRestrictedOnly: 'This only works in age-restricted channels.',
    noPicture:
      "I can't find a picture in that message. It needs an image attached, such as a PNG, JPEG, WebP, GIF or HEIC.",
    pickPicture: 'Which picture?',
    notForYou: 'Only animate-bot admins can do that.',
    expired: 'This was open too long and has expired. Please start again.',
    alreadyPressed: "Got it, I'm already on it.",
    modalTitle: 'Animate this picture',
    help: ({ animate, menu, help }) =>
      [
        `**Bring a picture to life.** Use ${animate}, attach a picture, and say how it should move.`,
        `Or open the menu of any message with a picture: Apps, then **${menu}**.`,
        'The clip arrives in a thread, or right there where there are no threads. While you wait, it shows your place in line and the time left.',
        'The buttons below it: **Again** (new seed), **Edit**, **720p**, **Extend** (continue from the last frame), **Delete**.',
        'Short sentences about motion work best: *she smiles and looks up, wind in her hair*.',
        `Your data: ${help} deletes all your clips (\`delete_my_clips\`) or sends you everything I keep about you (\`send_my_data\`).`,
      ].join('\n'),
  },
  slack: {
    guest: 'a guest',
    readyAt: (time) => `expected at ${time}`,
    bringing: 'Uploading the clip',
    animate: 'Animate',
    clipsOf: 'Your latest clips',
    noClips: "You haven't made any clips yet.",
    howTo: 'How to make one',
    open: 'Open',
    channel: 'Post the clip in',
    admin: 'For admins',
    refresh: 'Refresh',
    pause: 'Pause',
    resume: 'Resume',
    triedAgain: "I can't reach the queue right now. I'll keep trying for a few minutes.",
    mentionNeedsPicture: (menu) =>
      `Attach a picture to the message that mentions me and say how it should move. For a picture that's already here: its menu &gt; More message shortcuts &gt; *${menu}*.`,
    notShared: "I'm not set up for channels that are shared with other organizations.",
    notTaken:
      "Your clip is finished, but Slack didn't let me post it. Please ask a workspace admin, then press *Again*.",
    notTakenButLink: (link) => `Slack didn't let me post the clip: [watch it here](${link})`,
    tookFirst: (count, menu) =>
      `Your message has ${count} pictures, so I took the first one I can use. To pick another: the message's menu &gt; More message shortcuts &gt; *${menu}*.`,
    howToAccept:
      "Press the button to accept, and I'll start right away. You can also type `/animate accept` and send your request again.",
    dataSent: 'I sent it to you in a direct message.',
    dataNotSent: "I can't send you a direct message. Please open the Messages tab of my app, then try again.",
    deletedMeanwhile: 'That clip was deleted in the meantime. Please close this and start again from a picture.',
    help: ({ animate, menu, bot }) =>
      [
        '*Bring a picture to life.* There are four ways:',
        `• Type ${animate} and add a picture in the form that opens.`,
        `• Open the menu of any message with a picture, then More message shortcuts &gt; *${menu}*.`,
        `• Mention ${bot} in a message with a picture, and say how it should move.`,
        '• Send me a picture in a direct message, with a sentence.',
        `The clip arrives in the thread. While you wait, it shows your place in line and the time left. Short sentences about motion work best: _she smiles and looks up, wind in her hair_. You can add options at the end: \`seconds:3 resolution:720p seed:7\`.`,
        'Your data: `/animate delete my clips` deletes all your clips, `/animate send my data` sends you everything I keep about you.',
      ].join('\n'),
  },
  discord: {
    sentDirectly: "Discord didn't let me post the clip here, so I sent it to you in a direct message.",
    notTaken: "Your clip is finished, but Discord didn't let me post it. Try **Again** in another channel.",
    notTakenButLink: (link) => `Discord didn't let me post the clip: [watch it here](${link})`,
    continuesDirectly:
      "This takes longer than Discord lets me update this message. I'll send the clip to you in a direct message.",
    continuesIfShared:
      'This takes longer than Discord lets me update this message. I can send you the clip in a direct message only if we share a server: add me to one of yours, or try again later.',
    filesRefused: "Discord didn't let me send files here. Please use the command in a direct message to me.",
    deletedButShown:
      "I deleted the clip, but I can't remove its message: I can no longer see this channel. Someone who manages messages here can delete it.",
    unknownCommand: (animate) => `That command no longer exists. Use ${animate} instead.`,
    noPicture: (animate) =>
      `I can't find a picture in that message. I can use attached pictures, embeds, stickers and custom emoji. Or attach a picture to ${animate}.`,
    avatarMenu: 'Animate this avatar',
    avatarOf: (name) => `Avatar of ${name}`,
    sticker: 'Sticker',
    emoji: 'Emoji',
    embed: 'Embed',
  },
  commands: {
    animate: { name: 'animate', description: 'Bring a picture to life' },
    picture: { name: 'picture', description: 'A picture: PNG, JPEG, WebP, GIF, HEIC, AVIF or BMP' },
    prompt: { name: 'prompt', description: 'How it should move, in a sentence' },
    resolution: { name: 'resolution', description: 'How sharp the clip is' },
    seconds: { name: 'seconds', description: 'How long the clip is, 1 to 5 seconds' },
    seed: { name: 'seed', description: 'A whole number; same seed, same clip' },
    negative: { name: 'negative', description: 'What to leave out of the clip' },
    quality: { name: 'quality', description: 'How much work goes into it' },
    fit: { name: 'fit', description: 'What to do with a picture that is too wide or too tall' },
    frame: { name: 'frame', description: 'Which frame of an animation to animate' },
    private: { name: 'private', description: 'Only you can see it' },
    menu: 'Animate this image',
    help: { name: 'animate-help', description: 'How to bring a picture to life' },
    forget: { name: 'delete_my_clips', description: 'Delete every clip you have made here' },
    export: { name: 'send_my_data', description: 'Get everything I keep about you: data, pictures and clips' },
    size: 'Size and quality',
    quick: '480p, quick',
    sharp: '720p, sharper, takes longer',
    fast: 'fast',
    best: 'best: many more steps, much longer',
    crop: 'crop: keep the middle',
    pad: 'pad: keep everything and fill the rest',
    firstFrame: 'the first frame',
  },
};

function ordinal(position: number): string {
  const suffixes = { one: 'st', two: 'nd', few: 'rd', other: 'th', zero: 'th', many: 'th' } satisfies Record<
    Intl.LDMLPluralRule,
    string
  >;
  return `${position}${suffixes[new Intl.PluralRules('en', { type: 'ordinal' }).select(position)]}`;
}
