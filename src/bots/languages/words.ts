// What every language has to say: all that members read.
import type { Offer } from '../../errors.ts';
import type { RefusalSentences } from '../../refusal-kinds.ts';
import type { Progress, Quality, Resolution } from '../../render.ts';

/** A name and a description: Discord allows 32 and 100 characters, names in lower case and without spaces. */
export interface OptionWords {
  name: string;
  description: string;
}

export interface Words {
  /** For numbers, by `Intl`. */
  locale: string;
  /** Headlines of a status message; `position` counts from 2. */
  gettingInLine: string;
  aboutToStart: string;
  nextInLine: string;
  inLine(position: number): string;
  tryingAgain: string;
  starting: string;
  stage: Record<Exclude<Progress['stage'], 'denoising' | 'decoding'>, string> & {
    denoising(step: number, steps: number): string;
    decoding(step: number, steps: number): string;
  };
  done: string;
  failed: string;
  cancelled: string;
  deleted: string;
  /** What has to come before a render can start. */
  noWorker: string;
  noGpu(resolution: Resolution, quality: Quality): string;
  stillLoading: string;
  /** What a failed render's code says; `message` is English. */
  failure(code: string, message: string): string;
  askForHelp(renderId: string): string;
  freed: { not_started: string; released: string; recycling: string };
  facts: { madeWith: string; size: string; length: string; seed: string; took: string; engine: string };
  /** What it was made with, behind `facts.madeWith`. */
  ai: string;
  took(whole: string, engine: string): string;
  preview: string;
  buttons: Record<'cancel' | 'again' | 'edit' | 'larger' | 'extend' | 'delete', string>;
  /** Answers to a press. */
  onceMore: string;
  larger: string;
  extended: string;
  editedNow: string;
  nothingToCancel: string;
  cancelledInTime: string;
  stopping: string;
  deletedNow: string;
  /** Before a sentence that is only there in English, such as those for admins. */
  refusedInEnglish: string;
  refusals: RefusalSentences;
  /** Buttons below a refusal that send the same command again, with that done to the picture. */
  offers: Record<Offer, string>;
  /** Answers to what a member does about themselves. */
  trust: {
    accept: string;
    accepted: string;
    forgotten(count: number): string;
    /** What is kept of them is there, with so many files beside `export.json`; and so many that were not sent. */
    exported(count: number): string;
    exportLeftOut(count: number): string;
  };
  /** What a member may still have. */
  left: Record<'atOnce' | 'perDay' | 'gpuSecondsPerDay', (left: number, most: number) => string>;
  /** The page that asks for the chat page's token. */
  login: {
    private: string;
    /** `command` is one that is typed in a terminal. */
    printedAgain(command: string): string;
    /** Of the field for it. */
    label: string;
    open: string;
    wrong: string;
    tooManyWrong(minutes: number): string;
    busy: string;
  };
  /** What only a chat service needs. */
  chat: {
    ready(when: string): string;
    /** `member` is a mention of them. */
    clipReady(member: string): string;
    clipFailed(member: string): string;
    onItsWay: string;
    broken: string;
    queueAway: string;
    /** The service does not give a picture that was sent to it. */
    mediaAway: string;
    removed: string;
    tooLarge(link: string): string;
    tooLargeForHere: string;
    linkEnds(when: string): string;
    needsPermission(names: string): string;
    askAdmin(names: string): string;
    noThread(names: string): string;
    ageRestrictedOnly: string;
    noPicture: string;
    pickPicture: string;
    notForYou: string;
    expired: string;
    alreadyPressed: string;
    modalTitle: string;
    help(commands: { animate: string; menu: string; help: string }): string;
  };
  /** What only Slack needs, where the picture comes by a form, a mention, a direct message or a message's menu. */
  slack: {
    /** In the place of the name of somebody that Slack tells nothing of. */
    guest: string;
    readyAt(time: string): string;
    bringing: string;
    animate: string;
    clipsOf: string;
    noClips: string;
    howTo: string;
    open: string;
    channel: string;
    admin: string;
    refresh: string;
    pause: string;
    resume: string;
    triedAgain: string;
    mentionNeedsPicture(menu: string): string;
    notShared: string;
    /** The clip was refused where it belongs. */
    notTaken: string;
    notTakenButLink(link: string): string;
    /** Of several pictures in a mention. */
    tookFirst(count: number, menu: string): string;
    /** Below the text that has to be accepted first. */
    howToAccept: string;
    /** Of what is kept of the member. */
    dataSent: string;
    dataNotSent: string;
    deletedMeanwhile: string;
    help(commands: { animate: string; menu: string; bot: string }): string;
  };
  /** What only Discord needs. Links are in its markup. */
  discord: {
    /** The clip was refused where it belongs. */
    sentDirectly: string;
    notTaken: string;
    notTakenButLink(link: string): string;
    /** The last edit of a message that cannot be changed any more. */
    continuesDirectly: string;
    /** The same where the bot knows of no server that it shares with the member. */
    continuesIfShared: string;
    /** Files for the member alone were refused. */
    filesRefused: string;
    deletedButShown: string;
    unknownCommand(animate: string): string;
    noPicture(animate: string): string;
    /** A menu entry on a member: up to 32 characters. */
    avatarMenu: string;
    avatarOf(name: string): string;
    sticker: string;
    emoji: string;
    embed: string;
  };
  commands: {
    animate: OptionWords;
    picture: OptionWords;
    prompt: OptionWords;
    resolution: OptionWords;
    seconds: OptionWords;
    seed: OptionWords;
    negative: OptionWords;
    quality: OptionWords;
    fit: OptionWords;
    frame: OptionWords;
    private: OptionWords;
    /** A menu entry: any letters, up to 32. */
    menu: string;
    help: OptionWords;
    forget: OptionWords;
    export: OptionWords;
    /** Above the choice of a resolution with a quality. */
    size: string;
    quick: string;
    sharp: string;
    fast: string;
    best: string;
    crop: string;
    pad: string;
    firstFrame: string;
  };
}
