/**
 * One feed for all pages of a program.
 */
import { Feed } from './feed.ts';

const shared: { feed: Feed | null; users: number } = { feed: null, users: 0 };

/** The feed of this program; to be given back by {@link releaseFeed}. */
export function acquireFeed(): Feed {
  shared.feed ??= new Feed();
  shared.users++;
  return shared.feed;
}

/** A page is closed. With the last one the feed listens no more. */
export function releaseFeed(): void {
  if (--shared.users > 0) return;
  shared.feed?.close();
  shared.feed = null;
}
