// Checks that run inside the page, as text: the tests themselves are compiled without a browser's types.

export const HAS_CLIP = "document.querySelector('video')?.readyState > 0";
export const IS_PLAYING = "(({ currentTime, paused }) => currentTime > 0 && !paused)(document.querySelector('video'))";
export const HAS_NO_SIDEWAYS_SCROLL = 'document.documentElement.scrollWidth <= innerWidth';

/** Elements that a screen reader could only call "button" or "image". */
export const NAMELESS = `[...document.querySelectorAll('button, a, input, textarea, img, video, [role=progressbar]')]
  .filter((element) => element.closest('[aria-hidden=true], [hidden], .stage:not(.clip)') === null)
  .filter((element) => {
    const label = element.getAttribute('aria-label') ?? element.getAttribute('alt') ?? '';
    return label === '' && element.textContent.trim() === '' && (element.labels?.length ?? 0) === 0;
  })
  .map((element) => element.outerHTML)`;

/** Texts under 4.5:1 (WCAG AA) against the nearest opaque ground behind them. */
export const TOO_FAINT = `(() => {
  const parse = (text) => {
    const [red, green, blue, alpha = 1] = text.match(/[\\d.]+/g).map(Number);
    return { channels: [red, green, blue], alpha };
  };
  const luminance = (channels) => {
    const [red, green, blue] = channels.map((value) => {
      const share = value / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const groundOf = (element) => {
    for (let at = element; at !== null; at = at.parentElement) {
      const { channels, alpha } = parse(getComputedStyle(at).backgroundColor);
      if (alpha > 0.7) return channels;
    }
    return [255, 255, 255];
  };
  const faint = [];
  for (const element of document.body.querySelectorAll('*')) {
    const isText = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    if (!isText || !element.checkVisibility() || element.closest('[aria-hidden=true], .unseen, :disabled, [data-shown=false]')) continue;
    const [bright, dark] = [luminance(parse(getComputedStyle(element).color).channels), luminance(groundOf(element))].sort((a, b) => b - a);
    const ratio = (bright + 0.05) / (dark + 0.05);
    if (ratio < 4.5) faint.push(ratio.toFixed(2) + ' ' + element.outerHTML.slice(0, 120));
  }
  return faint;
})()`;

/** What a drag from the desktop, or a paste, does. The bytes come as base64. */
export function bringPicture(kind: 'drop' | 'paste', base64: string): string {
  return `{
    const bytes = Uint8Array.from(atob('${base64}'), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], '${kind}.png', { type: 'image/png' }));
    const options = { bubbles: true, cancelable: true };
    if ('${kind}' === 'paste') document.activeElement.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: data }));
    else for (const name of ['dragenter', 'dragover', 'drop']) document.body.dispatchEvent(new DragEvent(name, { ...options, dataTransfer: data }));
  }`;
}
