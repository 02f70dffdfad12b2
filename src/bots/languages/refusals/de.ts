// Why a member gets no clip, in German.
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

const SEND = 'Bitte schick ein Standbild, zum Beispiel als PNG oder JPEG.';

const NOUNS: Record<string, string> = {
  'a PDF': 'ein PDF',
  'a video': 'ein Video',
  'a sound file': 'eine Tondatei',
  'a ZIP archive': 'ein ZIP-Archiv',
  'a RAR archive': 'ein RAR-Archiv',
  'a 7z archive': 'ein 7z-Archiv',
  'a gzip archive': 'ein gzip-Archiv',
  'a program': 'ein Programm',
  'a web page': 'eine Webseite',
  'a text file': 'eine Textdatei',
  'an animated GIF': 'ein animiertes GIF',
  'an animated PNG': 'ein animiertes PNG',
  'an animated WebP': 'ein animiertes WebP',
  'an animated AVIF': 'ein animiertes AVIF',
  'an animated HEIC': 'ein animiertes HEIC',
  'a TIFF picture': 'TIFF-Bilder',
  'an icon': 'Icons',
  'a cursor': 'Mauszeiger',
  'a Photoshop document': 'Photoshop-Dateien',
  'a JPEG XL picture': 'JPEG-XL-Bilder',
  'a JPEG 2000 picture': 'JPEG-2000-Bilder',
  'a 12-bit JPEG picture': 'JPEG-Bilder mit 12 Bit',
  'a 16-bit JPEG picture': 'JPEG-Bilder mit 16 Bit',
  'a rare HEIF picture': 'HEIF-Bilder dieser seltenen Art',
  'an SVG drawing': 'SVG-Zeichnungen',
};

function describeLimit({ limit, of, most, got, waitSeconds }: LimitFigures, { community }: Marks): string {
  const isOwn = of === 'member';
  const server = community === 'server' ? 'diesem Server' : 'diesem Workspace';
  const where = { member: 'hier', channel: 'in diesem Kanal', server: `auf ${server}`, everyone: 'insgesamt' }[of];
  const wait = waitSeconds === undefined ? undefined : describeWait(waitSeconds, 'de');
  const next = wait === undefined ? '' : ` Der nächste geht in etwa ${wait}.`;
  switch (limit) {
    case 'atOnce': {
      const clips = most === 1 ? 'läuft schon 1 Clip' : `laufen schon ${most} Clips`;
      if (isOwn) return `Von dir ${clips}; mehr geht hier nicht. Warte, bis einer fertig ist, oder brich einen ab.`;
      const again = `Versuch es bitte ${wait === undefined ? 'später' : `in etwa ${wait}`} noch einmal.`;
      if (of === 'everyone') return `Gerade ist alles belegt. ${again}`;
      return `${where.charAt(0).toUpperCase()}${where.slice(1)} ${clips}; mehr geht nicht. ${again}`;
    }
    case 'perDay':
      if (isOwn) return `Dein Limit für heute ist erreicht: ${most === 1 ? '1 Clip' : `${most} Clips`}.${next}`;
      return `Das Limit ${where} ist für heute erreicht: ${most === 1 ? '1 Clip' : `${most} Clips`}.${next}`;
    case 'gpuSecondsPerDay':
      if (wait === undefined)
        return `Dieser Clip allein braucht mehr als die ${most} Sekunden GPU-Zeit, die es hier am Tag gibt. Versuch es kürzer oder mit 480p.`;
      if (isOwn) return `Deine GPU-Zeit für heute ist aufgebraucht: ${most} Sekunden.${next}`;
      return `Die GPU-Zeit ${where} ist für heute aufgebraucht: ${most} Sekunden.${next}`;
    case 'cooldownSeconds':
      return `Ein Clip alle ${describeWait(Number(most), 'de')}: mehr geht ${where} nicht.${next}`;
    case 'resolution':
      return `Clips haben hier höchstens ${most}, und du wolltest ${got}.`;
    case 'seconds':
      return `Clips dauern hier höchstens ${most} Sekunden, und du wolltest ${got}.`;
  }
}

export const deRefusals: RefusalSentences = {
  command_unknown: ({ typed }, { code, text }) =>
    `Den Befehl ${text(typed)} kenne ich nicht. Fang bitte mit ${code('/animate')} an.`,
  option_twice: ({ option }, marks) => `Du hast ${marks.option(option)} zweimal angegeben. Einmal genügt.`,
  option_unknown: ({ typed, meant }, { code }) =>
    `Die Option ${code(`${typed}:`)} kenne ich nicht. Meinst du ${code(`${meant}:`)}? Wenn es zum Satz gehört, setz ein Leerzeichen hinter den Doppelpunkt.`,
  quote_unclosed: ({ option, got }, { code, text }) =>
    `Nach ${code(`${option}:`)} fehlt das schließende Anführungszeichen (du hast ${text(got)} geschrieben).`,
  prompt_missing: ({ isSwallowed }, { code }) =>
    isSwallowed
      ? `Sag mir, wie sich das Bild bewegen soll: schreib das vor ${code('negative:')}, oder setz in Anführungszeichen, was fehlen soll.`
      : 'Sag mir, wie sich das Bild bewegen soll, zum Beispiel „sie lächelt und schaut auf“.',
  text_too_long: ({ option, length, most }, marks) => {
    const what = option === 'prompt' ? 'Das sind' : `${marks.option(option)} hat`;
    return `${what} ${describeCount(length, 'de')} Zeichen; erlaubt sind ${describeCount(most, 'de')}.`;
  },
  not_a_choice: ({ option, choices, got }, marks) =>
    `${marks.option(option)} muss ${describeChoices(choices, marks, ' oder ')} sein${youWrote(got, marks)}.`,
  not_in_range: ({ option, from, to, isWhole, got }, marks) =>
    `${marks.option(option)} muss ${isWhole ? 'eine ganze Zahl ' : ''}zwischen ${from} und ${to} sein${youWrote(got, marks)}.`,
  picture_missing: () => 'Da ist kein Bild dabei. Häng bitte eins an und versuch es noch einmal.',
  picture_gone: () => 'Dieses Bild ist nicht mehr da. Häng es bitte noch einmal an.',
  picture_hidden: () => 'Dieses Bild kann ich nicht öffnen. Häng es bitte an eine eigene Nachricht.',
  picture_elsewhere: ({ service }) => `Ich kann nur Bilder nehmen, die auf ${service} hochgeladen wurden.`,
  picture_empty: () => `Diese Datei ist leer. ${SEND}`,
  picture_too_large: ({ bytes, most }) => {
    const { got, limit } = describeBytesOver(bytes ?? most, most, 'de');
    return bytes === undefined
      ? `Das Bild ist zu groß; erlaubt sind ${limit}.`
      : `Das Bild hat ${got}; erlaubt sind ${limit}.`;
  },
  picture_too_many_pixels: ({ width, height, most }) => {
    const { got, limit } = describePixelsOver(width * height, most, 'de');
    return `Das Bild hat ${got} Megapixel (${width}×${height}); erlaubt sind ${limit}. Schick es bitte kleiner.`;
  },
  picture_too_much_memory: ({ most }) =>
    `Das Bild braucht zum Öffnen mehr als die ${Math.floor(most / 1024 / 1024)} MB Speicher, die ich habe. Schick es bitte kleiner.`,
  picture_too_small: ({ width, height, smallest }) =>
    `Das Bild ist zu klein (${width}×${height}). Jede Seite braucht mindestens ${smallest} Pixel.`,
  picture_wrong_type: ({ noun, name }, { text }) => {
    const known = NOUNS[noun];
    if (name !== '' && known !== undefined && !isPictureNoun(noun))
      return `${text(name)} ist gar kein Bild (sondern ${known}). ${SEND}`;
    if (name !== '' && known === undefined) return `${text(name)} lässt sich nicht als Bild öffnen. ${SEND}`;
    if (known === undefined) return `Diese Art von Datei kenne ich nicht. ${SEND}`;
    if (!isPictureNoun(noun)) return `Das ist ${known}. ${SEND}`;
    return `${known} kann ich nicht öffnen. Schick es bitte als PNG, JPEG oder WebP.`;
  },
  picture_animated: ({ noun }, marks) =>
    `${NOUNS[noun] ? `Das ist ${NOUNS[noun]}` : 'Das Bild bewegt sich schon'}. ${SEND} Oder ich nehme das erste Einzelbild: mit der Option ${marks.option('frame')}.`,
  picture_broken: () =>
    'Das Bild ist beschädigt oder unvollständig. Speicher es bitte noch einmal als PNG oder JPEG und schick das.',
  picture_too_slow: ({ seconds }) =>
    `Das Bild braucht zum Öffnen mehr als ${describeCount(seconds, 'de')} Sekunden. Speicher es bitte noch einmal als einfaches PNG oder JPEG und schick das.`,
  aspect_too_extreme: ({ width, height, most }, marks) => {
    const { got, limit, isWide } = describeAspectOver({ width, height }, most, 'de');
    return `Das Bild ist zu ${isWide ? 'breit' : 'hoch'}: Es hat ${got} (${width}×${height}), und es gehen höchstens ${limit}. Schneid es bitte zu und versuch es noch einmal, oder lass mich es zuschneiden oder auffüllen: mit der Option ${marks.option('fit')}.`;
  },
  render_unknown: () => 'Dieser Clip ist zu alt. Ich habe ihn nicht mehr.',
  render_picture_gone: () => 'Das Bild zu diesem Clip habe ich nicht mehr. Häng es bitte noch einmal an.',
  not_yours: ({ owner }, { text, community }) =>
    `Dieser Clip gehört ${text(owner)}. Das können nur ${text(owner)} oder die Admins ${community === 'server' ? 'des Servers' : 'des Workspace'}.`,
  limit_reached: describeLimit,
  refused_pictures: ({ most, waitSeconds }) =>
    `${most} deiner Bilder ließen sich in einer Stunde nicht verwenden; mehr geht nicht. Versuch es bitte in etwa ${describeWait(waitSeconds, 'de')} noch einmal.`,
  exported_lately: ({ minutes }) =>
    `Danach hast du vor weniger als ${minutes} Minuten schon gefragt. Versuch es bitte in ${minutes} Minuten noch einmal.`,
  blocked: ({ until }, { time }) =>
    `Ein Admin hat dich hier${until === undefined ? '' : ` bis ${time(until)}`} für neue Clips gesperrt. Frag dort bitte nach.`,
  blocked_automatically: ({ until }, { time }) =>
    `Zu viele deiner Anfragen wurden abgelehnt. Neue Clips gehen wieder ab ${time(until)}.`,
  server_blocked: (_, { community }) =>
    `Von ${community === 'server' ? 'diesem Server' : 'diesem Workspace'} nehme ich keine Anfragen mehr an.`,
  refused: ({ strikes, mostStrikes, until }, { time }) => {
    const sentence = 'Das kann ich hier nicht animieren.';
    if (until !== undefined)
      return `${sentence} Zu viele deiner Anfragen wurden abgelehnt. Neue Clips gehen wieder ab ${time(until)}.`;
    return strikes === 0 ? sentence : `${sentence} Hinweis ${strikes} von ${mostStrikes} vor einer kurzen Pause.`;
  },
  near_miss: () =>
    'Das kann ich nicht animieren: Einige dieser Wörter lassen sich zusammen falsch verstehen. Sag es bitte mit anderen Worten. Es zählt nicht gegen dich.',
  consent_missing: ({ text: rules }, { text }) => `Bitte stimme dem zuerst zu.\n${text(rules)}`,
  not_in_channel: ({ invite }, { code }) =>
    `In diesem Kanal bin ich nicht. Tippe hier ${code(invite)} und versuch es noch einmal, oder schick mir das Bild als Direktnachricht.`,
  thread_locked: () => 'Dieser Thread ist gesperrt, deshalb kann ich hier nicht antworten.',
  channel_archived: () => 'Dieser Channel ist archiviert, deshalb kann ich hier nichts posten.',
  posting_forbidden: () =>
    'Ich darf hier nichts posten. Du kannst mir das Bild stattdessen als Direktnachricht schicken.',
  admin_needed: () =>
    'Mir fehlt in diesem Workspace eine Berechtigung, deshalb geht es gerade nicht weiter. Bitte sag einem Admin Bescheid.',
  place_refused: ({ service, why }, { text }) => `${service} lässt mich hier nicht schreiben (${text(why)}).`,
};

function youWrote(got: string, { text }: Marks): string {
  return got === '' ? '' : ` (du hast ${text(got)} geschrieben)`;
}
