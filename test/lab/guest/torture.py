#!/usr/bin/env python3
"""The plan of a torture run, what is watched meanwhile, and the judgement over its requests.

torture.py plan SEED SECONDS         the faults and changes, one a line: `SECONDS VERB WORD...`, in the order of their times. The same
                                     words give the same plan: each lane draws from a generator of its own, so that a longer run begins
                                     as a shorter one does
torture.py watch FILE MACHINE...     writes each address that comes or goes on these machines, `TIME MACHINE +|- ADDRESS`, until SIGTERM
torture.py judge REQUESTS ADDRESSES FAULTS VIP LIMIT_MS CONTROL   JSON: what was lost, when, and what the addresses say about it. FAULTS
                                     has time and machine of each fault of keepalived; CONTROL is what another probe saw at the same time on a
                                     way without VIP and director
"""
import json, os, random, select, signal, socket, struct, sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from traffic import LATE, RETRANSMITTED, enter, now, of_its_own, rows_of

MACHINES = ["n1", "n2"]
# Seconds between two faults of keepalived: one at a time is what a pair of nodes bears.
KEEPALIVED_PAUSE = (9, 14)
PODS = [5, 6, 7, 8, 9]
TORN = ["pointer", "generation", "candidate", "journal", "ledger", "memory", "status"]


class Draw:
    """random() is the one function of Python's generator that promises the same numbers in every release."""

    def __init__(self, *words):
        self.next = random.Random(" ".join(map(str, words))).random

    def between(self, low, high):
        return low + (high - low) * self.next()

    def one_of(self, *choices):
        return choices[int(self.next() * len(choices))]

    def some_of(self, choices, least):
        """At least so many of them, in their order."""
        left, chosen = list(choices), []
        for _ in range(least + int(self.next() * (len(left) - least + 1))):
            chosen.append(left.pop(int(self.next() * len(left))))
        return sorted(chosen)


def keepalived_lane(draw):
    yield "pause", draw.between(4, 6)
    while True:
        # The address moves with the faults, so a role is drawn here: two of three hit the node that holds it then.
        node = draw.one_of("master", "master", "backup")
        who = draw.one_of("parent", "vrrp", "checker", "keepalived")
        # Below and beyond the three adverts after which a backup takes over.
        if draw.next() < 0.55:
            yield "kill", node, who
        else:
            yield "stop", node, who
            yield "pause", draw.one_of(draw.between(0.3, 2), draw.between(4, 9))
            yield "resume", node, who
        yield "pause", draw.between(*KEEPALIVED_PAUSE)


def program_lane(draw):
    yield "pause", draw.between(1, 4)
    while True:
        node, who = draw.one_of(*MACHINES), draw.one_of("agent", "sync")
        if draw.next() < 0.6:
            yield "kill", node, who
            if who == "sync":
                yield "pause", draw.between(0.5, 3)
                yield "start", node, who
        else:
            yield "stop", node, who
            yield "pause", draw.one_of(draw.between(0.3, 2), draw.between(4, 9))
            yield "resume", node, who
        yield "pause", draw.between(4, 8)


def volume_lane(draw):
    yield "pause", draw.between(6, 10)
    while True:
        node = draw.one_of(*MACHINES)
        if draw.next() < 0.5:
            volume = draw.one_of("desired", "applied")
            yield "fill", node, volume
            yield "pause", draw.between(2, 8)
            yield "free", node, volume
        else:
            yield "tear", node, draw.one_of(*TORN)
        yield "pause", draw.between(6, 12)


def source_lane(draw):
    def change():
        pods = draw.some_of(PODS, 2)
        extra = draw.some_of([51, 52], 0)
        return "change", ",".join(map(str, pods)), ",".join(map(str, [50, *extra]))

    while True:
        yield "pause", draw.between(2, 5)
        kind = draw.next()
        if kind < 0.35:
            yield "spoil", draw.one_of("yaml", "nul", "half", "entry", "gone")
            yield "pause", draw.between(1, 5)
        elif kind < 0.6:
            how = draw.one_of("refused", "silent", "errors", "directory")
            yield "outage", how
            yield "pause", draw.between(2, 9)
            yield "back", how
        yield change()


LANES = {"keepalived": keepalived_lane, "program": program_lane, "volume": volume_lane, "source": source_lane}


def plan(seed, seconds):
    events = []
    for name, lane in LANES.items():
        at = 0.0
        for verb, *words in lane(Draw(seed, name)):
            if verb == "pause":
                at += words[0]
            # What was begun before the end is ended after it, by the scenario.
            elif at > float(seconds):
                break
            else:
                events.append((at, verb, *words))
    for at, *words in sorted(events):
        print("%.2f" % at, *words)


ADDRESS_GROUP, NEW_ADDRESS, IFA_LOCAL = 0x10, 20, 2


def watch(file, *machines):
    """Source: rtnetlink(7), RTM_NEWADDR and RTM_DELADDR."""
    of_its_own()
    out, poll, of = open(file, "w"), select.epoll(), {}
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    for machine in machines:
        enter(machine)
        s = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        s.bind((0, ADDRESS_GROUP))
        poll.register(s.fileno(), select.EPOLLIN)
        of[s.fileno()] = (machine, s)
    enter("-")
    while True:
        for number, _ in poll.poll():
            machine, s = of[number]
            data, at = s.recv(1 << 16), now()
            for kind, address in addresses_in(data):
                out.write("%.4f %s %s %s\n" % (at, machine, "+" if kind == NEW_ADDRESS else "-", address))
            out.flush()


def addresses_in(data):
    while len(data) >= 16:
        length, kind = struct.unpack_from("=IH", data)
        rest = data[24:length]
        while len(rest) >= 4:
            size, attribute = struct.unpack_from("=HH", rest)
            if attribute == IFA_LOCAL:
                yield kind, socket.inet_ntoa(rest[4:8])
            rest = rest[(size + 3) & ~3 or len(rest):]
        data = data[(length + 3) & ~3:]


# Seconds around a change of the address's place in which a request may be lost: what was on its way when it went, and the neighbours.
BEFORE, AFTER = 0.3, 0.5
# Seconds after a fault of keepalived: a change that was on its way into effect is taken back then, and with it the real servers that
# it had brought, with whatever connections they had got by then. keepalived 2.2.7 misreads the file, and may crash, where SIGHUP meets
# the start of a checker.
TAKEN_BACK = 1


def judge(requests, addresses, faults, vip, limit_ms, control):
    rows = rows_of(requests)
    changes = places_of(addresses, vip)
    windows = [(at - BEFORE, at + AFTER) for at, _ in changes]
    for line in open(faults):
        at, machine = line.split()
        windows.append((float(at) - BEFORE, takeover_after(float(at), machine, changes, float(limit_ms) / 1000)))
    windows += [(at - BEFORE, until + AFTER) for (at, holders), (until, _) in zip(changes, changes[1:]) if not holders]
    if changes and not changes[-1][1]:
        windows.append((changes[-1][0] - BEFORE, float("inf")))

    def is_excused(at):
        return any(begin <= at <= end for begin, end in windows)

    prompt = [r[0] for r in rows if r[2] == "ok" and r[1] - r[0] - r[4] <= LATE]
    gaps = sorted(((b - a) * 1000, a) for a, b in zip(prompt, prompt[1:]))
    lost = [r for r in rows if r[2] != "ok"]
    again = [r for r in rows if r[2] == "ok" and r[1] - r[0] - r[4] > RETRANSMITTED]
    stray = [r for r in lost + again if not is_excused(r[0])]
    for began, ended, outcome, detail, *_ in stray[:20]:
        print("stray: %.3f took %.3f %s %s" % (began, ended - began, outcome, detail), file=sys.stderr)
    for length, at in gaps[-8:]:
        print("gap: %d ms from %.3f" % (length, at), file=sys.stderr)
    before = [frozenset(), *(holders for _, holders in changes)]
    taken = sum(bool(holders - earlier) for earlier, (_, holders) in zip(before, changes))
    seen = rows_of(control)
    print(json.dumps({
        "requests": len(rows), "lost": len(lost), "answered_after_a_retransmission": len(again),
        "lost_or_sent_again_otherwise": len(stray),
        "taken_over": max(0, taken - 1), "longest_gap_ms": round(gaps[-1][0]) if gaps else None,
        "gaps_over_the_limit": sum(length > float(limit_ms) for length, _ in gaps),
        "control_lost": sum(r[2] != "ok" for r in seen), "control_max_ms": round(max((r[1] - r[0] for r in seen), default=0) * 1000)}))


def takeover_after(fault, machine, changes, limit):
    """Until when requests may be lost after a fault of keepalived: until the other node has the address, if the machine had it then and
    VRRP's own time is not over. A killed keepalived leaves the address there, and its checker may still empty IPVS behind it."""
    before = [holders for at, holders in changes if at <= fault]
    taken = [at for at, holders in changes if fault < at <= fault + limit and holders - {machine}]
    return max(fault + TAKEN_BACK, taken[0] + AFTER if taken and before and machine in before[-1] else 0)


def places_of(file, vip):
    """Each change of the machines that hold the address: when, and who did from then on."""
    holders, changes = frozenset(), []
    for line in open(file):
        at, machine, sign, address = line.split()
        if address != vip:
            continue
        after = holders | {machine} if sign == "+" else holders - {machine}
        if after != holders:
            holders = after
            changes.append((float(at), holders))
    return changes


if __name__ == "__main__":
    command, *words = sys.argv[1:] or [""]
    if command in ("plan", "watch", "judge"):
        {"plan": plan, "watch": watch, "judge": judge}[command](*words)
    else:
        sys.exit(__doc__)
