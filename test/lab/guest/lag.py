#!/usr/bin/env python3
"""lag.py LOG_OF_HOLDER LOG_OF_BACKUP N   how many ms the backup's last N changes were in effect later than the holder's, as JSON.
`comparable` are those whose config tests ended within 100 ms of each other on both nodes: the guest has one CPU, and on a busy host one
node's test takes seconds longer than the other's. `median_ms`, `p90_ms` and `max_ms` are theirs, null where there are none."""
import datetime, json, statistics, sys

CLOSE = 0.1


def applied(file):
    """When each change was in effect, and when its config test had ended; in seconds."""
    for text in open(file, errors="replace"):
        if text.startswith("{") and '"outcome":"applied"' in text:
            line = json.loads(text)
            end = datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp()
            yield end, end - (line["tookMs"] - line["testMs"]) / 1000


holder, backup = (list(applied(file))[-int(sys.argv[3]):] for file in sys.argv[1:3])
late = [round((b[0] - a[0]) * 1000) for a, b in zip(holder, backup)]
close = sorted(ms for ms, a, b in zip(late, holder, backup) if abs(b[1] - a[1]) <= CLOSE)
print(json.dumps({"changes": len(late), "comparable": len(close), "median_ms": round(statistics.median(close)) if close else None,
                  "p90_ms": close[len(close) * 9 // 10] if close else None, "max_ms": close[-1] if close else None, "all_ms": sorted(late)}))
