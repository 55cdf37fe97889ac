"""kill9.py agent|keepalived|checker   SIGKILL to the agent, to all of keepalived's processes at once, or to its checker; prints the monotonic time and how many.

With a real-time priority nothing runs between the kills (the guest has one CPU): else the parent's death makes the kernel send its
children SIGTERM (keepalived asks for that), and the VRRP child may say goodbye before its own SIGKILL arrives."""
import os, signal, sys, time

wanted = sys.argv[1]


def is_checker(pid):
    """Its own pid file says which of the three it is."""
    with open("/run/keepalived/checkers.pid") as f:
        return f.read().strip() == pid


pids = []
for pid in filter(str.isdigit, os.listdir("/proc")):
    try:
        with open(f"/proc/{pid}/comm") as f:
            name = f.read().strip()
        with open(f"/proc/{pid}/cmdline") as f:
            words = f.read().split("\0")
    except OSError:
        continue
    if wanted == "keepalived" and name.startswith("keepalived") and "--config-test" not in words:
        pids.append(int(pid))
    if wanted == "checker" and name == "keepalived" and is_checker(pid):
        pids.append(int(pid))
    if wanted == "agent" and "sidecar" in words and not name.startswith("s6-"):
        pids.append(int(pid))
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(90))
at = time.monotonic()
for pid in sorted(pids, reverse=True):
    os.kill(pid, signal.SIGKILL)
print("%.4f %d" % (at, len(pids)))
