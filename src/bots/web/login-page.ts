// The page that asks for the token, and says where it is. It carries its own style, because every file of the real page needs the token.
import { createHash } from 'node:crypto';
import { wordsOf } from '../languages/languages.ts';
import type { Words } from '../languages/words.ts';

const STYLE = `
:root{color-scheme:light dark;--ground:#f6f5f2;--card:#fff;--ink:#1d1b19;--soft:#6a645d;--line:#8f877d;--accent:#b8420f;--on:#fff}
@media(prefers-color-scheme:dark){:root{--ground:#141312;--card:#1f1d1b;--ink:#f1eeea;--soft:#a9a29a;--line:#7d766e;--accent:#ff9a66;--on:#2a1206}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:24px;background:var(--ground);color:var(--ink);font:16px/1.5 ui-sans-serif,system-ui,sans-serif}
main{width:100%;max-width:420px;padding:32px;border-radius:20px;background:var(--card);box-shadow:0 1px 2px #0002,0 12px 40px #0001}
h1{margin:0 0 8px;font-size:22px;letter-spacing:-.01em}
p{margin:0 0 12px;color:var(--soft)}
p[role=alert]{color:var(--accent)}
code{padding:1px 6px;border-radius:6px;background:var(--ground);color:var(--ink);font:14px/1.5 ui-monospace,monospace;white-space:nowrap}
form{margin-top:24px}
label{display:block;margin-bottom:6px;font-weight:600;font-size:14px}
input,button{width:100%;font:inherit;padding:11px 14px;border-radius:12px;border:1px solid var(--line);background:transparent;color:inherit}
button{margin-top:12px;border-color:transparent;background:var(--accent);color:var(--on);font-weight:600;cursor:pointer}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
`;

/** The one inline style that the content security policy lets through. */
export const LOGIN_STYLE_HASH = `sha256-${createHash('sha256').update(STYLE).digest('base64')}`;

/** Which languages somebody reads is looked for among the first of them. */
const LANGUAGES_READ = 10;

/** In the language of the browser. */
export function loginPage(acceptLanguage: string | undefined, complain: (words: Words['login']) => string): string {
  const { locale, login } = wordsFor(acceptLanguage);
  const complaint = complain(login);
  // All of it is ours, nothing a visitor's words: it is not escaped.
  return `<!doctype html>
<html lang="${locale}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>animate-bot</title><style>${STYLE}</style></head>
<body><main><h1>animate-bot</h1>
${complaint === '' ? '' : `<p role="alert">${complaint}</p>`}
<p>${login.private}</p><p>${login.printedAgain('<code>npm start -- page</code>')}</p>
<form method="post" action="/login"><label for="token">${login.label}</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button>${login.open}</button></form></main></body></html>`;
}

/** Browsers name what their user reads, the best first. */
function wordsFor(acceptLanguage = ''): Words {
  const locales = acceptLanguage.split(',', LANGUAGES_READ).map((each) => each.split(';', 1)[0]?.trim() ?? '');
  const known = locales.find((locale) => /^en\b/i.test(locale) || wordsOf(locale).locale !== wordsOf('en').locale);
  return wordsOf(known);
}
