// What nobody renders here, whatever an installation adds: sexual content with minors. No setting turns it off. Words that are
// innocent by themselves are refused only where both kinds meet, so that a child may laugh and a statue may be nude. Where they
// meet without being said of one another, the refusal is a near miss: held against nobody.

export const FORBIDDEN = [
  ...['child porn', 'child pornography', 'kiddie porn', 'kiddy porn', 'childporn', 'cp porn', 'csam', 'pedophile'],
  ...['paedophile', 'pedophilia', 'paedophilia', 'pedopornography', 'lolicon', 'shotacon', 'jailbait'],
  ...[
    'nacktes kind',
    'nackte kinder',
    'kinderporno',
    'kinderpornografie',
    'kinderpornographie',
    'pornografia infantil',
    'porno infantil',
  ],
  ...['児童ポルノ', 'ロリコン', 'ショタコン', '儿童色情', '兒童色情', '幼女色情', '恋童', 'детское порно'],
];

export const MINORS = [
  ...[
    'child',
    'children',
    'kid',
    'kids',
    'toddler',
    'toddlers',
    'infant',
    'infants',
    'baby girl',
    'baby boy',
    'minors',
  ],
  ...['underage', 'under age', 'underaged', 'preteen', 'preteens', 'pre teen', 'preschooler', 'teenager'],
  ...['teenagers', 'teenage', 'schoolgirl', 'schoolgirls', 'schoolboy', 'schoolboys', 'school girl', 'school boy'],
  ...[
    'little girl',
    'little girls',
    'little boy',
    'little boys',
    'young girl',
    'young girls',
    'young boy',
    'young boys',
  ],
  ...['loli', 'lolis', 'shota', 'kleinkind', 'kleines mädchen', 'minderjährig', 'minderjährige'],
  ...['niño', 'niños', 'niña', 'niñas', 'menor de edad', 'menores', 'colegiala', 'enfant', 'enfants', 'fillette'],
  ...[
    '子供',
    '子ども',
    '幼女',
    '幼児',
    '小学生',
    '中学生',
    '女児',
    '儿童',
    '兒童',
    '小孩',
    '未成年',
    'ребенок',
    'дети',
  ],
];

export const SEXUAL = [
  ...[
    'nude',
    'nudes',
    'naked',
    'topless',
    'bottomless',
    'undress',
    'undresses',
    'undressed',
    'undressing',
    'unclothed',
  ],
  ...['sex', 'sexual', 'sexually', 'sexy', 'sexualized', 'porn', 'porno', 'pornographic', 'pornography', 'nsfw'],
  ...['erotic', 'erotica', 'hentai', 'striptease', 'lingerie', 'masturbate', 'masturbates', 'masturbating', 'orgasm'],
  ...['blowjob', 'blow job', 'fellatio', 'genitals', 'genitalia', 'penis', 'vagina', 'takes off her clothes'],
  ...['takes off his clothes', 'takes off their clothes', 'removes her clothes', 'removes his clothes', 'no clothes'],
  ...['without clothes', 'nackt', 'nackte', 'nacktes', 'nackter', 'entkleidet', 'desnudo', 'desnuda', 'desnudos'],
  ...['desnudas', 'sexo', 'nue', 'nues', 'sexe', 'ヌード', '全裸', '裸', '裸体', '裸體', '色情', 'エロ', 'голый'],
  ...['голая', 'голые', 'секс', 'порно'],
];

/** May stand between two words that are said of one another. */
export const LINKS = [
  'is',
  'are',
  'was',
  'were',
  'being',
  'ist',
  'sind',
  'es',
  'está',
  'son',
  'est',
  'sont',
  'の',
  'な',
  '的',
];

/** Things that may be nude or so many years old, right behind the words that say so. */
export const THINGS = [
  ...['statue', 'statues', 'statuette', 'sculpture', 'sculptures', 'figurine', 'figurines', 'painting', 'paintings'],
  ...[
    'fresco',
    'mannequin',
    'cherub',
    'cherubs',
    'whisky',
    'whiskey',
    'scotch',
    'bourbon',
    'rum',
    'wine',
    'cognac',
    'brandy',
  ],
  ...[
    'bottle',
    'cheese',
    'house',
    'building',
    'tree',
    'oak',
    'car',
    'statuen',
    'skulptur',
    'gemälde',
    'estatua',
    'escultura',
  ],
];

/** Somebody or something that is said to be so many years old. */
export const AGE =
  /(?<!\p{N})(\p{N}{1,2})(?: ?(?:years?|yrs?|yo|y o)(?: old)?| ?jahre| ?años| ?ans|歳|岁|歲)(?!\p{L})/gu;
export const OF_AGE = 18;

/** Innocent company for words of these lists; read as nothing. */
export const INNOCENT = [
  ...['naked eye', 'naked mole rat', 'naked mole rats', 'naked juice', 'same sex', 'opposite sex', 'sex pistols'],
  ...['sex education'],
];
