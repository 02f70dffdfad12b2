// The figures that bound a request. Apart from render.ts because the chat page reads them in the browser, where the
// schemas (and the library behind them) would be most of the download.
export const SHORTEST_SECONDS = 1;
export const LONGEST_SECONDS = 5;
export const LONGEST_PROMPT = 1000;
export const LARGEST_SEED = 2 ** 32 - 1;
export const RESOLUTIONS = ['480p', '720p'] as const;
export const QUALITIES = ['fast', 'best'] as const;
/** What becomes of a picture that is too wide or too tall. */
export const FITS = ['crop', 'pad'] as const;
/** Which picture of an animation is taken. */
export const FRAMES = ['first'] as const;
