// The BullMQ queues, and what travels between bots and workers beside them.
import type { Quality, Resolution } from '../render.ts';
import { KEY_PREFIX } from './redis.ts';

/** One queue for each resolution and quality: a worker takes only what its GPUs can hold and its engine makes. */
export const rendersQueue = (resolution: Resolution, quality: Quality): string => `renders-${resolution}-${quality}`;

/** One delivery queue per platform: only a bot that is on the platform can hand a clip over there. */
export const deliveriesQueue = (platform: string): string => `deliveries-${platform}`;

/** One inbox per platform, for commands that were acknowledged and are not in line yet. */
export const inboxQueue = (platform: string): string => `inbox-${platform}`;

/** Published to all workers: the id of a render that is to stop. */
export const CANCELS_CHANNEL = `${KEY_PREFIX}:cancels`;

/** Published to all workers: `<worker's id>/<slot>` of an engine that is to give its GPU free. */
export const UNLOADS_CHANNEL = `${KEY_PREFIX}:unloads`;

/** What is known of a render. */
export const renderKey = (renderId: string): string => `${KEY_PREFIX}:render:${renderId}`;

/** Says that a render is to stop, for a worker that was away when it was published. */
export const cancelKey = (renderId: string): string => `${KEY_PREFIX}:cancel:${renderId}`;
