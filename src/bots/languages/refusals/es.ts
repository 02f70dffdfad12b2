// Why a member gets no clip, in Spanish.
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

const SEND = 'Envía una imagen fija, por ejemplo en PNG o JPEG.';

const NOUNS: Record<string, string> = {
  'a PDF': 'un PDF',
  'a video': 'un vídeo',
  'a sound file': 'un archivo de audio',
  'a ZIP archive': 'un archivo ZIP',
  'a RAR archive': 'un archivo RAR',
  'a 7z archive': 'un archivo 7z',
  'a gzip archive': 'un archivo gzip',
  'a program': 'un programa',
  'a web page': 'una página web',
  'a text file': 'un archivo de texto',
  'an animated GIF': 'un GIF animado',
  'an animated PNG': 'un PNG animado',
  'an animated WebP': 'un WebP animado',
  'an animated AVIF': 'un AVIF animado',
  'an animated HEIC': 'un HEIC animado',
  'a TIFF picture': 'imágenes TIFF',
  'an icon': 'iconos',
  'a cursor': 'cursores',
  'a Photoshop document': 'documentos de Photoshop',
  'a JPEG XL picture': 'imágenes JPEG XL',
  'a JPEG 2000 picture': 'imágenes JPEG 2000',
  'a 12-bit JPEG picture': 'imágenes JPEG de 12 bits',
  'a 16-bit JPEG picture': 'imágenes JPEG de 16 bits',
  'a rare HEIF picture': 'imágenes HEIF de este tipo poco común',
  'an SVG drawing': 'dibujos SVG',
};

function clips(count: number | string): string {
  return Number(count) === 1 ? '1 clip' : `${count} clips`;
}

function describeLimit({ limit, of, most, got, waitSeconds }: LimitFigures, { community }: Marks): string {
  const isOwn = of === 'member';
  const server = community === 'server' ? 'este servidor' : 'este espacio de trabajo';
  const where = { member: 'aquí', channel: 'en este canal', server: `en ${server}`, everyone: 'entre todos' }[of];
  const wait = waitSeconds === undefined ? undefined : describeWait(waitSeconds, 'es');
  const next = wait === undefined ? '' : ` Podrás hacer el siguiente dentro de ${wait}, más o menos.`;
  switch (limit) {
    case 'atOnce': {
      if (isOwn) {
        const how =
          most === 1 ? 'Espera a que termine, o cancélalo' : 'Espera a que termine alguno de los tuyos, o cancela uno';
        return `Ya tienes ${clips(most)} en marcha, que es el límite aquí. ${how}.`;
      }
      const again = `Inténtalo de nuevo ${wait === undefined ? 'más tarde' : `dentro de ${wait}, más o menos`}.`;
      if (of === 'everyone') return `Ahora mismo está todo ocupado. ${again}`;
      return `Ya hay ${clips(most)} en marcha ${where}, que es el límite. ${again}`;
    }
    case 'perDay':
      if (isOwn) return `Ya has usado tu límite de hoy: ${clips(most)}.${next}`;
      return `Ya se ha usado el límite de hoy ${where}: ${clips(most)}.${next}`;
    case 'gpuSecondsPerDay':
      if (wait === undefined)
        return `Solo este clip ya necesita más de los ${most} segundos de GPU que hay al día aquí. Prueba con uno más corto o con 480p.`;
      if (isOwn) return `Ya has usado tu tiempo de GPU de hoy: ${most} segundos.${next}`;
      return `Ya se ha usado el tiempo de GPU de hoy ${where}: ${most} segundos.${next}`;
    case 'cooldownSeconds':
      return `El límite ${where} es un clip cada ${describeWait(Number(most), 'es')}.${next}`;
    case 'resolution':
      return `Aquí los clips son de ${most} como máximo, y has pedido ${got}.`;
    case 'seconds':
      return `Aquí los clips duran ${most} segundos como máximo, y has pedido ${got}.`;
  }
}

export const esRefusals: RefusalSentences = {
  command_unknown: ({ typed }, { code, text }) =>
    `No conozco el comando ${text(typed)}. Empieza con ${code('/animate')}.`,
  option_twice: ({ option }, marks) => `Has puesto ${marks.option(option)} dos veces. Ponlo solo una.`,
  option_unknown: ({ typed, meant }, { code }) =>
    `No conozco la opción ${code(`${typed}:`)}. ¿Querías decir ${code(`${meant}:`)}? Si es parte de la frase, pon un espacio después de los dos puntos.`,
  quote_unclosed: ({ option, got }, { code, text }) =>
    `Faltan las comillas de cierre después de ${code(`${option}:`)} (has escrito ${text(got)}).`,
  prompt_missing: ({ isSwallowed }, { code }) =>
    isSwallowed
      ? `Dime cómo debe moverse la imagen: escríbelo antes de ${code('negative:')}, o pon entre comillas lo que no debe salir.`
      : 'Dime cómo debe moverse la imagen; por ejemplo: «ella sonríe y mira hacia arriba».',
  text_too_long: ({ option, length, most }, marks) => {
    const what = option === 'prompt' ? 'Son' : `${marks.option(option)} tiene`;
    return `${what} ${describeCount(length, 'es')} caracteres; el límite es ${describeCount(most, 'es')}.`;
  },
  not_a_choice: ({ option, choices, got }, marks) =>
    `${marks.option(option)} tiene que ser ${describeChoices(choices, marks, ' o ')}${youWrote(got, marks)}.`,
  not_in_range: ({ option, from, to, isWhole, got }, marks) =>
    `${marks.option(option)} tiene que ${isWhole ? 'ser un número entero' : 'estar'} entre ${from} y ${to}${youWrote(got, marks)}.`,
  picture_missing: () => 'No veo ninguna imagen. Adjunta una e inténtalo de nuevo.',
  picture_gone: () => 'Esa imagen ya no está. Adjúntala de nuevo.',
  picture_hidden: () => 'No puedo abrir esa imagen. Adjúntala a un mensaje tuyo.',
  picture_elsewhere: ({ service }) => `Solo puedo usar imágenes subidas a ${service}.`,
  picture_empty: () => `Ese archivo está vacío. ${SEND}`,
  picture_too_large: ({ bytes, most }) => {
    const { got, limit } = describeBytesOver(bytes ?? most, most, 'es');
    return bytes === undefined
      ? `Esa imagen es demasiado grande; el límite es ${limit}.`
      : `Esa imagen ocupa ${got}; el límite es ${limit}.`;
  },
  picture_too_many_pixels: ({ width, height, most }) => {
    const { got, limit } = describePixelsOver(width * height, most, 'es');
    return `Esa imagen tiene ${got} megapíxeles (${width}×${height}); el límite es ${limit}. Envía una más pequeña.`;
  },
  picture_too_much_memory: ({ most }) =>
    `Para abrir esa imagen hacen falta más de los ${Math.floor(most / 1024 / 1024)} MB de memoria que tengo. Envía una más pequeña.`,
  picture_too_small: ({ width, height, smallest }) =>
    `Esa imagen es demasiado pequeña (${width}×${height}). Cada lado necesita al menos ${smallest} píxeles.`,
  picture_wrong_type: ({ noun, name }, { text }) => {
    const known = NOUNS[noun];
    if (name !== '' && known !== undefined && !isPictureNoun(noun))
      return `${text(name)} en realidad no es una imagen (es ${known}). ${SEND}`;
    if (name !== '' && known === undefined) return `No puedo abrir ${text(name)} como imagen. ${SEND}`;
    if (known === undefined) return `No conozco ese tipo de archivo. ${SEND}`;
    if (!isPictureNoun(noun)) return `Eso es ${known}. ${SEND}`;
    return `No puedo abrir ${known}. Envíala como PNG, JPEG o WebP.`;
  },
  picture_animated: ({ noun }, marks) =>
    `${NOUNS[noun] ? `Eso es ${NOUNS[noun]}` : 'Esa imagen ya se mueve'}. ${SEND} También puedo usar el primer fotograma, con la opción ${marks.option('frame')}.`,
  picture_broken: () => 'Esa imagen está dañada o incompleta. Guárdala otra vez como PNG o JPEG y envía esa.',
  picture_too_slow: ({ seconds }) =>
    `Esa imagen tarda más de ${describeCount(seconds, 'es')} segundos en abrirse. Guárdala otra vez como PNG o JPEG normal y envía esa.`,
  aspect_too_extreme: ({ width, height, most }, marks) => {
    const { got, limit, isWide } = describeAspectOver({ width, height }, most, 'es');
    return `Esa imagen es demasiado ${isWide ? 'ancha' : 'alta'}: es de ${got} (${width}×${height}) y el límite es ${limit}. Recórtala e inténtalo de nuevo, o deja que la recorte o la rellene yo con la opción ${marks.option('fit')}.`;
  },
  render_unknown: () => 'Ese clip es demasiado antiguo. Ya no lo tengo.',
  render_picture_gone: () => 'Ya no tengo la imagen de ese clip. Adjúntala de nuevo.',
  not_yours: ({ owner }, { text, community }) =>
    `Ese clip es de ${text(owner)}. Solo esa persona o los administradores del ${community === 'server' ? 'servidor' : 'espacio de trabajo'} pueden hacer eso.`,
  limit_reached: describeLimit,
  refused_pictures: ({ most, waitSeconds }) =>
    `No he podido usar ${most} de tus imágenes en una hora, que es el límite. Inténtalo de nuevo dentro de ${describeWait(waitSeconds, 'es')}, más o menos.`,
  exported_lately: ({ minutes }) =>
    `Ya lo has pedido hace menos de ${minutes} minutos. Inténtalo de nuevo dentro de ${minutes} minutos.`,
  blocked: ({ until }, { time }) =>
    `Un administrador te ha bloqueado aquí${until === undefined ? '' : ` hasta ${time(until)}`} para hacer clips. Pregúntale.`,
  blocked_automatically: ({ until }, { time }) =>
    `Se han rechazado demasiadas peticiones tuyas. Podrás volver a hacer clips a partir de ${time(until)}.`,
  server_blocked: (_, { community }) =>
    `Ya no acepto peticiones de este ${community === 'server' ? 'servidor' : 'espacio de trabajo'}.`,
  refused: ({ strikes, mostStrikes, until }, { time }) => {
    const sentence = 'No puedo animar eso aquí.';
    if (until !== undefined)
      return `${sentence} Se han rechazado demasiadas peticiones tuyas. Podrás volver a hacer clips a partir de ${time(until)}.`;
    return strikes === 0 ? sentence : `${sentence} Aviso ${strikes} de ${mostStrikes} antes de una breve pausa.`;
  },
  near_miss: () =>
    'No puedo animar eso: algunas de estas palabras juntas se pueden malinterpretar. Dilo con otras palabras, por favor. No cuenta en tu contra.',
  consent_missing: ({ text: rules }, { text }) => `Antes tienes que aceptar esto.\n${text(rules)}`,
  not_in_channel: ({ invite }, { code }) =>
    `No estoy en este canal. Escribe ${code(invite)} aquí e inténtalo otra vez, o envíame la imagen por mensaje directo.`,
  thread_locked: () => 'Este hilo está bloqueado, así que no puedo responder aquí.',
  channel_archived: () => 'Este canal está archivado, así que no puedo publicar aquí.',
  posting_forbidden: () => 'No tengo permiso para publicar aquí. Puedes enviarme la imagen por mensaje directo.',
  admin_needed: () =>
    'Me falta un permiso en este espacio de trabajo y por ahora no puedo seguir. Avisa a un administrador.',
  place_refused: ({ service, why }, { text }) => `${service} no me ha dejado publicar aquí (${text(why)}).`,
};

function youWrote(got: string, { text }: Marks): string {
  return got === '' ? '' : ` (has escrito ${text(got)})`;
}
