import { deRefusals } from './refusals/de.ts';
import type { Words } from './words.ts';

/** Why a render failed, where its member can do something with it. What engines say is English. */
const FAILURES = new Map([
  ['clip_missing', 'Der Clip wurde gemacht, ist aber nicht mehr da.'],
  ['refused', 'Was dabei herauskam, kann ich hier nicht zeigen.'],
]);

export const de: Words = {
  locale: 'de',
  gettingInLine: 'Stellt sich an',
  aboutToStart: 'Gleich geht es los',
  nextInLine: 'Als Nächstes dran',
  inLine: (position) => `Platz ${position} in der Schlange`,
  tryingAgain: 'Neuer Versuch mit frischer Engine',
  starting: 'Beginnt',
  stage: {
    loading: 'Wärmt sich auf',
    encoding_prompt: 'Liest deine Beschreibung',
    encoding_image: 'Sieht sich dein Bild an',
    denoising: (step, steps) => `Denkt sich die Bewegung aus, Schritt ${step} von ${steps}`,
    decoding: (step, steps) => `Zeichnet die Bilder, Schritt ${step} von ${steps}`,
    encoding_video: 'Speichert den Clip',
  },
  done: 'Hier ist dein Clip',
  failed: 'Das hat leider nicht geklappt',
  cancelled: 'Abgebrochen',
  deleted: 'Gelöscht',
  noWorker: 'Gerade ist kein Renderer online. Dein Clip beginnt, sobald einer da ist.',
  noGpu: (resolution, quality) =>
    `Gerade ist keine GPU online, die ${resolution}${quality === 'best' ? ' in bester Qualität' : ''} schafft. Dein Clip beginnt, sobald eine da ist.`,
  stillLoading: 'Die Engine lädt noch. Danach geht es mit deinem Clip los.',
  failure: (code) => FAILURES.get(code) ?? 'Beim Rendern ist etwas schiefgegangen.',
  askForHelp: (renderId) => `Wenn du um Hilfe bittest, nenne diese ID: ${renderId}`,
  freed: {
    not_started: 'Es hatte noch nicht begonnen und hat keine GPU-Zeit gekostet.',
    released: 'Ich habe mittendrin aufgehört; die Engine ist wieder frei.',
    recycling: 'Ich habe mittendrin aufgehört; dafür musste die Engine neu starten.',
  },
  facts: { madeWith: 'Erstellt mit', size: 'Größe', length: 'Länge', seed: 'Seed', took: 'Dauer', engine: 'Engine' },
  took: (whole, engine) => `${whole} (davon ${engine} Rendern)`,
  ai: 'KI',
  preview: 'Vorschau, ohne GPU',
  buttons: {
    cancel: 'Abbrechen',
    again: 'Noch einmal',
    edit: 'Ändern',
    larger: '720p',
    extend: 'Fortsetzen',
    delete: 'Löschen',
  },
  onceMore: 'Läuft: gleiche Worte, neuer Seed.',
  larger: 'Läuft: derselbe Clip in 720p.',
  extended: 'Es geht ab dem letzten Bild weiter.',
  editedNow: 'Läuft: mit deinen Änderungen.',
  nothingToCancel: 'Dieser Clip ist schon fertig, da gibt es nichts mehr abzubrechen.',
  cancelledInTime: 'Abgebrochen, bevor es begann.',
  stopping: 'Wird angehalten.',
  deletedNow: 'Gelöscht.',
  refusedInEnglish: 'Das geht so nicht:',
  refusals: deRefusals,
  offers: { crop: 'Zuschneiden', pad: 'Auffüllen', first_frame: 'Erstes Einzelbild nehmen' },
  trust: {
    accept: 'Zustimmen',
    accepted: 'Danke! Schick deine Anfrage bitte noch einmal.',
    forgotten: (count) =>
      count === 0 ? 'Du hast hier keine Clips.' : `${count === 1 ? '1 Clip' : `${count} Clips`} gelöscht.`,
    exported: (count) =>
      `Das ist alles, was ich über dich gespeichert habe: \`export.json\`${count === 0 ? '' : ` und ${count === 1 ? '1 Datei' : `${count} Dateien`}`}.`,
    exportLeftOut: (count) =>
      `${count === 1 ? '1 weitere Datei ist' : `${count} weitere Dateien sind`} zu groß oder zu viel, um sie hier zu schicken. Sie stehen in \`export.json\`.`,
  },
  left: {
    atOnce: (left, most) => `Du kannst jetzt noch ${left} starten (Limit: ${most} gleichzeitig)`,
    perDay: (left, most) => `heute noch ${left} von ${most} Clips`,
    gpuSecondsPerDay: (left, most) => `heute noch ${left} von ${most} Sekunden GPU-Zeit`,
  },
  login: {
    private: 'Diese Seite ist privat. Sie öffnet sich mit dem Link aus dem Terminal, in dem der Bot gestartet wurde.',
    printedAgain: (command) => `Der Link ist weg? ${command} zeigt ihn noch einmal.`,
    label: 'Oder den Link oder sein Token hier einfügen',
    open: 'Seite öffnen',
    wrong: 'Mit diesem Token öffnet sich die Seite nicht. Bitte nimm den neuesten Link aus dem Terminal.',
    tooManyWrong: (minutes) =>
      `Es gab zu viele falsche Tokens. Bitte versuche es in ${minutes === 1 ? 'einer Minute' : `${minutes} Minuten`} noch einmal.`,
    busy: 'Gerade melden sich zu viele Leute an. Bitte versuche es gleich noch einmal.',
  },
  chat: {
    ready: (when) => `voraussichtlich ${when}`,
    clipReady: (member) => `${member}, dein Clip ist fertig!`,
    clipFailed: (member) => `${member}, das hat leider nicht geklappt. Warum, steht in der Nachricht darüber.`,
    onItsWay: 'Unterwegs',
    broken: 'Bei uns ist etwas schiefgegangen, es wurde nichts gestartet. Versuch es bitte gleich noch einmal.',
    queueAway:
      'Ich erreiche die Warteschlange gerade nicht, es wurde nichts gestartet. Versuch es bitte in einer Minute noch einmal.',
    mediaAway:
      'Ich komme gerade nicht an dein Bild, es wurde nichts gestartet. Versuch es bitte in ein paar Minuten noch einmal.',
    removed: 'Entfernt.',
    tooLarge: (link) => `Der Clip ist zu groß, um ihn hier hochzuladen: [hier ansehen](${link})`,
    tooLargeForHere:
      'Dein Clip ist fertig, aber selbst komprimiert zu groß für hier. Versuch einen kürzeren Clip oder 480p.',
    linkEnds: (when) => `Der Link läuft ${when} ab.`,
    needsPermission: (names) => `Hier kann ich noch nicht antworten. Gib mir bitte ${names} in diesem Kanal.`,
    askAdmin: (names) => `Mir fehlen hier Rechte: ${names}. Bitte einen Server-Admin darum.`,
    noThread: (names) =>
      `Ich habe im Kanal geantwortet, weil ich hier keinen Thread öffnen kann. Für Threads gib mir ${names}.`,
    ageRestrictedOnly: 'Das geht nur in Kanälen mit Altersbeschränkung.',
    noPicture:
      'In dieser Nachricht finde ich kein Bild. Häng ihr ein Bild an, zum Beispiel als PNG, JPEG, WebP, GIF oder HEIC.',
    pickPicture: 'Welches Bild?',
    notForYou: 'Das können nur animate-bot-Admins.',
    expired: 'Das war zu lange offen und ist abgelaufen. Fang bitte noch einmal an.',
    alreadyPressed: 'Schon notiert, ich bin dabei.',
    modalTitle: 'Dieses Bild animieren',
    help: ({ animate, menu, help }) =>
      [
        `**Bring ein Bild zum Leben.** Nimm ${animate}, häng ein Bild an und sag, wie es sich bewegen soll.`,
        `Oder öffne das Menü einer Nachricht mit Bild: Apps, dann **${menu}**.`,
        'Der Clip kommt in einem Thread, oder direkt hier, wo es keine Threads gibt. Bis dahin siehst du deinen Platz in der Schlange und die Restzeit.',
        'Die Knöpfe darunter: **Noch einmal** (neuer Seed), **Ändern**, **720p**, **Fortsetzen** (ab dem letzten Bild), **Löschen**.',
        'Kurze Sätze über Bewegung wirken am besten: *sie lächelt und schaut auf, Wind im Haar*.',
        `Deine Daten: ${help} löscht alle deine Clips (\`delete_my_clips\`) oder schickt dir alles, was ich über dich gespeichert habe (\`send_my_data\`).`,
      ].join('\n'),
  },
  slack: {
    guest: 'ein Gast',
    readyAt: (time) => `voraussichtlich um ${time}`,
    bringing: 'Der Clip wird hochgeladen',
    animate: 'Animieren',
    clipsOf: 'Deine letzten Clips',
    noClips: 'Du hast noch keine Clips gemacht.',
    howTo: "So geht's",
    open: 'Öffnen',
    channel: 'Clip posten in',
    admin: 'Für Admins',
    refresh: 'Aktualisieren',
    pause: 'Anhalten',
    resume: 'Fortsetzen',
    triedAgain: 'Ich erreiche die Warteschlange gerade nicht. Ich versuche es noch ein paar Minuten lang.',
    mentionNeedsPicture: (menu) =>
      `Häng ein Bild an die Nachricht, die mich erwähnt, und sag, wie es sich bewegen soll. Für ein Bild, das schon hier ist: sein Menü &gt; Weitere Nachrichten-Shortcuts &gt; *${menu}*.`,
    notShared: 'Ich bin nicht für Kanäle eingerichtet, die mit anderen Organisationen geteilt sind.',
    notTaken:
      'Dein Clip ist fertig, aber Slack hat ihn nicht angenommen. Bitte frag die Admins des Workspace und drück dann *Noch einmal*.',
    notTakenButLink: (link) => `Slack hat den Clip nicht angenommen: [hier ansehen](${link})`,
    tookFirst: (count, menu) =>
      `Deine Nachricht hat ${count} Bilder, also nehme ich das erste, das ich verwenden kann. Für ein anderes: Menü der Nachricht &gt; Weitere Nachrichten-Shortcuts &gt; *${menu}*.`,
    howToAccept:
      'Stimm mit dem Knopf zu, dann geht es gleich los. Oder tippe `/animate accept` und schick deine Anfrage noch einmal.',
    dataSent: 'Ich habe es dir als Direktnachricht geschickt.',
    dataNotSent:
      'Ich kann dir keine Direktnachricht schicken. Öffne bitte den Tab „Nachrichten“ meiner App und versuch es noch einmal.',
    deletedMeanwhile: 'Dieser Clip wurde inzwischen gelöscht. Schließe dieses Fenster und fang mit einem Bild neu an.',
    help: ({ animate, menu, bot }) =>
      [
        '*Bring ein Bild zum Leben.* Es gibt vier Wege:',
        `• Tippe ${animate} und gib im Formular ein Bild dazu.`,
        `• Öffne das Menü einer Nachricht mit Bild, dann Weitere Nachrichten-Shortcuts &gt; *${menu}*.`,
        `• Erwähne ${bot} in einer Nachricht mit Bild und sag, wie es sich bewegen soll.`,
        '• Schick mir ein Bild als Direktnachricht, mit einem Satz dazu.',
        `Der Clip kommt im Thread. Bis dahin siehst du deinen Platz in der Schlange und die Restzeit. Kurze Sätze über Bewegung wirken am besten: _sie lächelt und schaut auf, Wind im Haar_. Optionen schreibst du ans Ende: \`seconds:3 resolution:720p seed:7\`.`,
        'Deine Daten: `/animate delete my clips` löscht alle deine Clips, `/animate send my data` schickt dir alles, was ich über dich gespeichert habe.',
      ].join('\n'),
  },
  discord: {
    sentDirectly: 'Discord hat den Clip hier nicht angenommen, darum habe ich ihn dir als Direktnachricht geschickt.',
    notTaken:
      'Dein Clip ist fertig, aber Discord hat ihn nicht angenommen. Versuch **Noch einmal** in einem anderen Kanal.',
    notTakenButLink: (link) => `Discord hat den Clip nicht angenommen: [hier ansehen](${link})`,
    continuesDirectly:
      'Das dauert länger, als Discord mich diese Nachricht ändern lässt. Den Clip schicke ich dir als Direktnachricht.',
    continuesIfShared:
      'Das dauert länger, als Discord mich diese Nachricht ändern lässt. Als Direktnachricht kann ich dir den Clip nur schicken, wenn wir einen gemeinsamen Server haben: Füge mich zu einem von deinen hinzu, oder versuch es später noch einmal.',
    filesRefused:
      'Discord hat hier keine Dateien von mir angenommen. Nimm den Befehl bitte in einer Direktnachricht an mich.',
    deletedButShown:
      'Der Clip ist gelöscht, aber seine Nachricht kann ich nicht entfernen: Ich sehe diesen Kanal nicht mehr. Wer hier Nachrichten verwaltet, kann sie löschen.',
    unknownCommand: (animate) => `Diesen Befehl gibt es nicht mehr. Nimm stattdessen ${animate}.`,
    noPicture: (animate) =>
      `In dieser Nachricht finde ich kein Bild. Ich kann angehängte Bilder, Einbettungen, Sticker und eigene Emojis nehmen. Oder häng ein Bild an ${animate} an.`,
    avatarMenu: 'Diesen Avatar animieren',
    avatarOf: (name) => `Avatar von ${name}`,
    sticker: 'Sticker',
    emoji: 'Emoji',
    embed: 'Einbettung',
  },
  commands: {
    animate: { name: 'animieren', description: 'Ein Bild zum Leben bringen' },
    picture: { name: 'bild', description: 'Ein Bild: PNG, JPEG, WebP, GIF, HEIC, AVIF oder BMP' },
    prompt: { name: 'bewegung', description: 'Wie es sich bewegen soll, in einem Satz' },
    resolution: { name: 'auflösung', description: 'Wie scharf der Clip ist' },
    seconds: { name: 'sekunden', description: 'Wie lang der Clip ist, 1 bis 5 Sekunden' },
    seed: { name: 'seed', description: 'Ganze Zahl; gleicher Seed, gleicher Clip' },
    negative: { name: 'ohne', description: 'Was nicht zu sehen sein soll' },
    quality: { name: 'qualität', description: 'Wie viel Aufwand hineingesteckt wird' },
    fit: { name: 'zuschnitt', description: 'Was mit einem zu breiten oder zu hohen Bild geschieht' },
    frame: { name: 'einzelbild', description: 'Welches Einzelbild einer Animation genommen wird' },
    private: { name: 'privat', description: 'Nur du kannst es sehen' },
    menu: 'Dieses Bild animieren',
    help: { name: 'animieren-hilfe', description: 'Wie man ein Bild zum Leben bringt' },
    forget: { name: 'delete_my_clips', description: 'Alle Clips löschen, die du hier gemacht hast' },
    export: {
      name: 'send_my_data',
      description: 'Alles bekommen, was ich über dich gespeichert habe: Daten, Bilder und Clips',
    },
    size: 'Größe und Qualität',
    quick: '480p, schnell',
    sharp: '720p, schärfer, dauert länger',
    fast: 'schnell',
    best: 'beste: viel mehr Schritte, viel langsamer',
    crop: 'zuschneiden: die Mitte bleibt',
    pad: 'auffüllen: alles bleibt, der Rest wird gefüllt',
    firstFrame: 'das erste Einzelbild',
  },
};
