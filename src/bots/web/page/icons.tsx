// The page's few drawings. All of them are decoration: what they stand beside says the same in words.

const PATHS = {
  attach: 'M12.5 6.5 7.2 11.8a1.8 1.8 0 0 0 2.5 2.5l5.9-5.9a3.5 3.5 0 0 0-5-5L4.8 9.3a5.2 5.2 0 0 0 7.4 7.4l5.1-5.1',
  send: 'M10 16V4.5M4.8 9.2 10 4l5.2 5.2',
  close: 'm5.5 5.5 9 9m0-9-9 9',
  cancel: 'M10 17.5a7.5 7.5 0 1 0 0-15 7.5 7.5 0 0 0 0 15ZM5 5l10 10',
  larger: 'M12 3.5h4.5V8M8 16.5H3.5V12M16.5 3.5 11 9M3.5 16.5 9 11',
  extend: 'M3.5 5v10M7 10h9.5M12.5 6l4 4-4 4',
  again: 'M15.8 8.2A6.2 6.2 0 1 0 16 12.4M16.3 3.8v4.6h-4.6',
  edit: 'm4 16 .8-3.4 8.4-8.4a1.8 1.8 0 0 1 2.6 2.6l-8.4 8.4L4 16Z',
  delete: 'M4 6h12M8 6V4h4v2m-6.5 0 .7 10h7.6l.7-10',
  download: 'M10 3.5V13m-4-4 4 4 4-4M4 16.5h12',
  check: 'm4.5 10.5 3.7 3.7 7.3-8',
  down: 'M10 4v11.5M4.8 10.8 10 16l5.2-5.2',
  picture:
    'M3.5 5.5a2 2 0 0 1 2-2h9a2 2 0 0 1 2 2v9a2 2 0 0 1-2 2h-9a2 2 0 0 1-2-2v-9Zm0 8 3.6-3.6 3 3 2.2-2.2 4.2 4M12.6 7.6h.01',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** Frames of a movement, laid over each other as animators do. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect x="1" y="9" width="18" height="15" rx="4.5" opacity=".28" />
      <rect x="6" y="8" width="18" height="16" rx="4.5" opacity=".5" />
      <rect x="11" y="6" width="20" height="20" rx="5.5" />
      <path d="M18.4 12.1v7.8a.9.9 0 0 0 1.36.77l6.4-3.9a.9.9 0 0 0 0-1.54l-6.4-3.9a.9.9 0 0 0-1.36.77z" />
    </svg>
  );
}
