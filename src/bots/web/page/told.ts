// What a screen reader hears of renders: that one ended, and how; never each percent of the way there.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { View } from '../../view.ts';
import type { ChannelMessage } from '../wire.ts';

const ENDINGS: readonly View['kind'][] = ['done', 'failed', 'cancelled'];

export function useTold(messages: ChannelMessage[] | undefined): string {
  const [told, setTold] = useState('');
  const kinds = useRef<Map<string, View['kind']> | undefined>(undefined);
  useEffect(() => {
    if (messages === undefined) return;
    const before = kinds.current;
    kinds.current = new Map();
    for (const { id, view } of messages.flatMap((message) => message.replies)) {
      kinds.current.set(id, view.kind);
      const isNews = before?.has(id) === true && before.get(id) !== view.kind;
      if (isNews && ENDINGS.includes(view.kind)) setTold(`${view.headline}: ${view.request.prompt}`);
    }
  }, [messages]);
  return told;
}
