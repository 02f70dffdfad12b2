// Times as people say them, and a clock that ticks only while somebody counts down.
import { useEffect, useState } from 'preact/hooks';

const SECOND_MS = 1000;
const DAY_MS = 24 * 60 * 60 * SECOND_MS;

export function useNow(isTicking: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isTicking) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), SECOND_MS);
    return () => clearInterval(timer);
  }, [isTicking]);
  return now;
}

export function describeTimeLeft(readyAt: number | undefined, now: number): string {
  if (readyAt === undefined) return '';
  const seconds = Math.ceil((readyAt - now) / SECOND_MS);
  if (seconds <= 0) return 'any moment now';
  if (seconds < 60) return `about ${seconds} s left`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 10 ? `about ${minutes} min ${seconds % 60} s left` : `about ${minutes} min left`;
}

export function describeDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / SECOND_MS));
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function describeClock(time: number): string {
  return new Date(time).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
}

export function describeDay(time: number, now: number): string {
  const day = startOfDay(time);
  if (day === startOfDay(now)) return 'Today';
  if (day === startOfDay(startOfDay(now) - DAY_MS / 2)) return 'Yesterday';
  return new Date(time).toLocaleDateString([], { weekday: 'long', month: 'long', day: 'numeric' });
}

function startOfDay(time: number): number {
  return new Date(time).setHours(0, 0, 0, 0);
}
