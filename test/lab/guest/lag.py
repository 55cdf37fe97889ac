#!/usr/bin/env python3
"""lag.py LOG_OF_HOLDER LOG_OF_BACKUP N   how many ms the backup's last N changes were in effect later than the holder's, as JSON."""
import datetime, json, statistics, sys


def applied(file):
    """When each change was in effect, in seconds."""
    lines = [json.loads(line) for line in open(file, errors="replace") if line.startswith("{") and '"outcome":"applied"' in line]
    return [datetime.datetime.fromisoformat(line["time"].replace("Z", "+00:00")).timestamp() for line in lines]


holder, backup = (applied(file)[-int(sys.argv[3]):] for file in sys.argv[1:3])
late = sorted(round((b - a) * 1000) for a, b in zip(holder, backup))
print(json.dumps({"changes": len(late), "median_ms": round(statistics.median(late)), "max_ms": late[-1], "all_ms": late}))
