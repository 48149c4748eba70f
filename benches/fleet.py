"""Simulates a large fleet against Slack's limits: fleet.py prints the table of docs/scale.md. Deterministic.

The simulation follows the notifier's own rules of delivery (docs/reliability.md). On 429 it waits for Retry-After once, if that is at
most five seconds, the time of a hook. Otherwise the message is not posted, and the job's log says so.
"""

import heapq
import random

HOURS = 1
CHANNELS = 200
# https://docs.slack.dev/apis/web-api/rate-limits: a message a second for each channel, with short bursts; Tier 3 is 50 calls a
# minute for each method and workspace; chat.postMessage takes some hundreds a minute for a workspace.
CHANNEL_RATE, CHANNEL_BURST = 1.0, 3.0
UPDATES_A_MINUTE, POSTS_A_MINUTE = 50, 300
# A pipeline starts, deploys and ends: the average seconds between each event and the one before.
EVENTS = [0, 240, 120]


class Bucket:
    """A limit: `burst` messages at once, then `rate` messages a second."""

    def __init__(self, rate: float, burst: float):
        self.rate, self.burst, self.left, self.since = rate, burst, burst, 0.0

    def take(self, now: float) -> float:
        """Takes a message and returns 0, or returns the seconds until one is free."""
        self.left = min(self.burst, self.left + (now - self.since) * self.rate)
        self.since = now
        if self.left >= 1:
            self.left -= 1
            return 0
        return (1 - self.left) / self.rate


def simulate(pipelines: int, skewed: bool, bot: bool) -> dict[str, float]:
    """Plays an hour and returns shares of all messages."""
    numbers = random.Random(20261124)
    weights = [1 / (rank + 1) if skewed else 1 for rank in range(CHANNELS)]
    channels = [Bucket(CHANNEL_RATE, CHANNEL_BURST) for _ in range(CHANNELS)]
    posts = Bucket(POSTS_A_MINUTE / 60, POSTS_A_MINUTE / 6)
    updates = Bucket(UPDATES_A_MINUTE / 60, UPDATES_A_MINUTE / 6)
    queue, order = [], 0
    for pipeline in range(pipelines):
        at = numbers.uniform(0, HOURS * 3600)
        channel = numbers.choices(range(CHANNELS), weights)[0]
        for number, after in enumerate(EVENTS):
            order += 1
            at += after * numbers.uniform(0.5, 1.5)
            heapq.heappush(queue, (at, order, pipeline, channel, number, 1))
    posted = {"in time": 0, "lost": 0, "stale": 0}

    def wait(now: float, channel: int) -> float:
        """Takes a message from each limit and returns 0, or returns the seconds to wait."""
        if bot and (seconds := posts.take(now)):
            return seconds
        return channels[channel].take(now)

    while queue:
        now, _, pipeline, channel, number, tries = heapq.heappop(queue)
        seconds = wait(now, channel)
        if not seconds:
            posted["in time"] += 1
            # A message that is not updated shows an older state; the thread below it has the new one.
            posted["stale"] += bool(bot and number and updates.take(now))
        elif tries == 1 and seconds <= 5:
            order += 1
            heapq.heappush(queue, (now + max(1.0, seconds), order, pipeline, channel, number, 2))
        else:
            posted["lost"] += 1
    total = pipelines * len(EVENTS)
    return {name: 100 * count / total for name, count in posted.items()}


def main() -> None:
    print("| pipelines an hour | channels | mode | posted | not posted | message not updated |")
    print("|---|---|---|---|---|---|")
    for pipelines in [500, 1000, 3000, 10_000]:
        for skewed in [False, True]:
            for bot in [False, True]:
                posted = simulate(pipelines, skewed, bot)
                shares = " | ".join(f"{posted[name]:.1f} %" for name in ["in time", "lost"])
                stale = f"{posted['stale']:.1f} %" if bot else ""
                spread = "a few busy ones" if skewed else "all alike"
                print(f"| {pipelines:,} | {spread} | {'bot' if bot else 'webhook'} | {shares} | {stale} |")


if __name__ == "__main__":
    main()
