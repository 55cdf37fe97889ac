#!/usr/bin/env python3
"""Echo pods and clients of the lab. One process can hold sockets in many network namespaces.

traffic.py serve SPEC...      SPEC = namespace,protocol,address,port,name; serves until killed.
                              Datagrams "close NAME" / "open NAME" to /shared/serve.sock end and start one server.
traffic.py pods PORT NAMESPACE...   TCP echo pods as a cluster has them: reads lines "TYPE NAME ADDRESS" of a watch of pods, and answers in
                              these namespaces for the addresses of pods that are there; others are reset
traffic.py get NAMESPACE PROTOCOL ADDRESS PORT N       N requests one after the other; the outcome as JSON
traffic.py probe NAMESPACE PROTOCOL ADDRESS PORT EVERY_MS FILE [OPEN_MS [PORTS]]   a request each EVERY_MS, overlapping, until SIGTERM;
                              each is sent OPEN_MS after its connection was made (0), so that there are always some connections in
                              between. PORTS, such as 10000-32767: its own ports, one after the other; else the kernel chooses, and
                              comes back to one after a minute, when IPVS still has the connection before
traffic.py summary FILE [EVENT]     what the probe saw; EVENT is the time of an event on the monotonic clock, in seconds
"""
import collections, ctypes, errno, itertools, json, os, select, selectors, signal, socket, struct, sys, time

libc = ctypes.CDLL(None, use_errno=True)
now = time.monotonic
root_namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
KIND = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}
LOST_AFTER = 5.0  # seconds without an answer
LATE = 0.1  # seconds; an answer after a retransmission takes 1 s or more
RETRANSMITTED = 0.9
# Seconds that the prober may oversleep before it counts as a standstill of the guest, which has one CPU and shares the host's.
STANDSTILL = 0.02


def enter(name):
    fd = root_namespace if name == "-" else os.open("/run/netns/" + name, os.O_RDONLY)
    if libc.setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns " + name)
    if fd != root_namespace:
        os.close(fd)


def of_its_own():
    """Clients and pods are other machines, with CPUs of their own; in the guest all share one. So they go first in it."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))


def open_socket(namespace, protocol):
    enter(namespace)
    try:
        return socket.socket(socket.AF_INET, KIND[protocol])
    finally:
        enter("-")


def echo(head, client, name):
    """The answer of the echoheaders image, and X-Pod, which says who answered."""
    lines = head.decode("latin1").split("\r\n")
    method, target, version = (lines[0].split(" ") + ["", ""])[:3]
    path, _, query = target.partition("?")
    fields = sorted(line.split(": ", 1) for line in lines[1:] if ": " in line)
    body = "\n".join(
        ["CLIENT VALUES:", f"client_address={client!r} ({client[0]})", f"command={method}", f"path={target}",
         f"real path={path}", f"query={query}", f"request_version={version}", "", "SERVER VALUES:",
         "server_version=BaseHTTP/0.6", "sys_version=Python/3.5.0", "protocol_version=HTTP/1.0", "", "HEADERS RECEIVED:"]
        + ["=".join(field) for field in fields] + [""]).encode()
    return b"HTTP/1.0 200 OK\r\nServer: BaseHTTP/0.6 Python/3.5.0\r\nX-Pod: %s\r\nX-Client: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        name.encode(), client[0].encode(), len(body), body)


def answer(connection, client, name, selector):
    """Nearly always the request is there with the connection (TCP_DEFER_ACCEPT), and costs no more than to read it. Where it is not, as
    where the way broke between the two, the others do not wait for it."""
    try:
        head = connection.recv(65536, socket.MSG_DONTWAIT)
        if head:
            connection.send(echo(head.split(b"\r\n\r\n")[0], client, name))
    except BlockingIOError:
        selector.register(connection, selectors.EVENT_READ, ("late", (client, name)))
        return
    except OSError:
        pass  # the client has gone
    connection.close()


def answer_late(connection, client, name, selector):
    selector.unregister(connection)
    answer(connection, client, name, selector)


def serve(specs):
    of_its_own()
    selector = selectors.DefaultSelector()
    listeners = {}

    def start(spec):
        namespace, protocol, address, port, name = spec.split(",")
        s = open_socket(namespace, protocol)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, int(port)))
        if protocol == "tcp":
            # accept() once the request is there: with it a connection costs four system calls, which are dear in the guest.
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
            s.listen(1024)
        selector.register(s, selectors.EVENT_READ, (protocol, name))
        listeners.setdefault(name, []).append(s)

    for spec in specs:
        start(spec)
    control = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if os.path.exists("/shared/serve.sock"):
        os.unlink("/shared/serve.sock")
    control.bind("/shared/serve.sock")
    selector.register(control, selectors.EVENT_READ, ("control", ""))
    open("/shared/serving", "w").close()
    while True:
        for key, _ in selector.select():
            (kind, name), s = key.data, key.fileobj
            if kind == "udp":
                _, client = s.recvfrom(2048)
                s.sendto(f"{name} {client[0]}".encode(), client)
            elif kind == "tcp":
                answer(*s.accept(), name, selector)
            elif kind == "late":
                answer_late(s, *name, selector)
            else:
                command, which = s.recv(200).decode().split()
                if command == "close":
                    for listener in listeners.pop(which, []):
                        selector.unregister(listener)
                        listener.close()
                else:
                    for spec in specs:
                        if spec.endswith("," + which):
                            start(spec)


def pods(port, namespaces):
    of_its_own()
    selector = selectors.DefaultSelector()
    for namespace in namespaces:
        s = open_socket(namespace, "tcp")
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
        s.bind(("0.0.0.0", int(port)))
        s.listen(1024)
        selector.register(s, selectors.EVENT_READ, ("pod", None))
    selector.register(sys.stdin.buffer.raw, selectors.EVENT_READ, ("watch", None))
    alive, text = {}, b""
    while True:
        for key, _ in selector.select():
            kind, waiting = key.data
            if kind == "late":
                answer_late(key.fileobj, *waiting, selector)
                continue
            if kind == "watch":
                more = os.read(0, 65536)
                if not more:
                    sys.exit("the watch of pods has ended")
                *lines, text = (text + more).split(b"\n")
                for line in lines:
                    what, name, address = (line.decode().split() + ["", "", ""])[:3]
                    print(now(), line.decode(), flush=True)
                    if address and what != "DELETED":
                        alive[address] = name
                    elif alive.get(address) == name:
                        del alive[address]
                continue
            connection, client = key.fileobj.accept()
            name = alive.get(connection.getsockname()[0])
            if name is None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
            else:
                answer(connection, client, name, selector)


def answered(data):
    """Who answered, and whose request it saw; None until the answer is whole."""
    if data.startswith(b"HTTP/"):
        head, separator, body = data.partition(b"\r\n\r\n")
        if not separator:
            return None
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
        return (fields["X-Pod"], fields["X-Client"]) if len(body) >= int(fields["Content-Length"]) else None
    words = data.decode().split()
    return tuple(words) if len(words) == 2 else None


def error_name(error):
    return errno.errorcode.get(error.errno, "TIMEOUT" if isinstance(error, TimeoutError) else str(error))


def get(namespace, protocol, address, port, count):
    answers, seen, errors = {}, set(), {}
    # To IPVS a UDP port that comes again within five minutes is the same connection. The kernel draws them by chance, and one of 60
    # runs of 30 had one twice; these are those of the time, a hundred a second.
    own = itertools.count(10000 + int(now() * 100) % 50000)
    for _ in range(int(count)):
        s = open_socket(namespace, protocol)
        if protocol == "udp":
            s.bind(("", next(own)))
        s.settimeout(3)
        data = b""
        try:
            s.connect((address, int(port)))
            s.send(request(address))
            while not answered(data):
                more = s.recv(4096)
                if not more:
                    raise OSError("EOF")
                data += more
            pod, client = answered(data)
            answers[pod] = answers.get(pod, 0) + 1
            seen.add(client)
        except OSError as e:
            errors[error_name(e)] = errors.get(error_name(e), 0) + 1
        s.close()
    good = sum(answers.values())
    print(json.dumps({"requests": int(count), "answered": good, "pods": len(answers), "least": min(answers.values(), default=0),
                      "by": dict(sorted(answers.items())), "client_seen_as": sorted(seen), "errors": errors}))
    return 0 if good == int(count) else 1


def request(address):
    return b"GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n" % address.encode()


class Neighbour:
    """Whom this network namespace asks for an address: told by the kernel as it changes (rtnetlink(7), RTM_NEWNEIGH)."""

    def __init__(self, address):
        self.address = socket.inet_aton(address)
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, socket.NETLINK_ROUTE)
        self.socket.bind((0, 4))  # RTMGRP_NEIGH
        table = [line.split() for line in open("/proc/thread-self/net/arp")]
        self.asked = next((bytes.fromhex(line[3].replace(":", "")) for line in table if line[0] == address), None)

    def turned(self):
        """Reads what is there to read; whether somebody else is asked by now."""
        before = self.asked
        try:
            messages = self.socket.recv(65536)
        except BlockingIOError:
            return False
        while len(messages) >= 16:
            length, kind = struct.unpack_from("IH", messages)
            if kind == 28:  # RTM_NEWNEIGH: a header of 16 bytes, a struct ndmsg of 12, attributes
                found, at = {}, 28
                while at + 4 <= length:
                    size, name = struct.unpack_from("HH", messages, at)
                    found[name] = messages[at + 4:at + size]
                    at += max(4, (size + 3) & ~3)
                if found.get(1) == self.address and 2 in found:  # NDA_DST, NDA_LLADDR
                    self.asked = found[2]
            messages = messages[max(16, (length + 3) & ~3):]
        return before is not None and self.asked != before


def probe(namespace, protocol, address, port, every_ms, file, open_ms=0, ports=None):
    """System calls are dear in the guest: one epoll registration a request, edge-triggered, which close() ends."""
    of_its_own()
    poll, live, stop = select.epoll(), {}, []
    thinking, pause = collections.deque(), float(open_ms) / 1000  # connected, and not asked yet: when, which
    out = open(file, "w")
    signal.signal(signal.SIGTERM, lambda *_: stop.append(now()))
    every, due, oldest = float(every_ms) / 1000, now(), now()
    target, words = (address, int(port)), request(address)
    kind = KIND[protocol] | socket.SOCK_NONBLOCK
    first, last = map(int, ports.split("-")) if ports else (0, 0)
    own = itertools.cycle(range(first, last + 1))
    enter(namespace)
    neighbour = Neighbour(address)
    poll.register(neighbour.socket, select.EPOLLIN)

    stood_still = 0.0  # seconds in all

    def end(number, outcome, detail=""):
        s, began, _, asked, before = live.pop(number)
        out.write("%.4f %.4f %s %s %.4f %.4f\n" % (began, now(), outcome, detail or "-", stood_still - before, asked or 0))
        s.close()

    def ask(number, state):
        try:
            state[3] = now()
            state[0].send(words)
        except OSError as e:
            end(number, "lost", error_name(e))

    while not stop or (live and now() < stop[0] + LOST_AFTER + 1):
        t = now()
        while thinking and thinking[0][0] <= t:
            _, number, state = thinking.popleft()
            if live.get(number) is state:
                ask(number, state)
        if t >= due and not stop:
            due = max(due + every, t - every)
            s = socket.socket(socket.AF_INET, kind)
            if ports:
                s.bind(("", next(own)))
            number = s.fileno()
            live[number] = [s, t, b"", None, stood_still]  # socket, begun, answer, asked, ...
            error = s.connect_ex(target)
            if error in (0, errno.EINPROGRESS):
                poll.register(number, select.EPOLLIN | select.EPOLLOUT | select.EPOLLET)
            else:
                end(number, "lost", errno.errorcode.get(error))
        before = now()
        next_due = min([before + 0.1 if stop else due] + ([thinking[0][0]] if thinking else []))
        patience = max(0, next_due - before)
        ready = poll.poll(patience)
        stood_still += max(0, now() - before - patience - STANDSTILL)
        # Before the answers: one of them may be what comes of it.
        if any(number == neighbour.socket.fileno() for number, _ in ready) and neighbour.turned():
            out.write("%.4f %.4f turn - 0 0\n" % (now(), now()))
        for number, events in ready:
            state = live.get(number)
            if state is None:
                continue
            try:
                if not state[3] and events == select.EPOLLOUT and pause:
                    thinking.append((now() + pause, number, state))
                    continue
                if not state[3] and events & (select.EPOLLOUT | select.EPOLLERR | select.EPOLLHUP):
                    state[3] = now()
                    state[0].send(words)
                if events & (select.EPOLLIN | select.EPOLLERR | select.EPOLLHUP):
                    data = state[0].recv(4096)
                    state[2] += data
                    who = answered(state[2])
                    if who:
                        end(number, "ok", who[0])
                    elif not data:
                        end(number, "lost", "EOF")
            except BlockingIOError:
                pass
            except OSError as e:
                end(number, "lost", error_name(e))
        if t - oldest > 0.5:
            oldest = t
            out.flush()
            for number in [n for n, state in live.items() if t - state[1] > LOST_AFTER]:
                end(number, "lost", "TIMEOUT")
    for number in list(live):
        end(number, "lost", "UNFINISHED")
    out.close()


def rows_of(file, turns=False):
    """Requests by their beginning; or when the neighbours turned to another node."""
    rows = []
    for line in open(file):
        began, ended, outcome, detail, stood_still, asked = line.split()
        if (outcome == "turn") == turns:
            rows.append((float(began), float(ended), outcome, detail, float(stood_still), float(asked)))
    return sorted(rows)


def summary(file, event=None, control=None):
    """control: what another probe saw at the same time on a way that passes nothing of ours. A request that is late while
    one of the control's, begun within its time, is late by half as much or more, is late for want of the guest's one CPU."""
    rows = rows_of(file)
    witnesses = [(r[0], r[1]) for r in rows_of(control) if r[2] == "ok"] if control else []

    def late(r):
        """Time in which the client itself did not run is not the network's."""
        return r[2] == "ok" and r[1] - r[0] - r[4] > LATE

    def alone(r):
        return late(r) and not any(b < r[1] and e > r[0] and e - b >= (r[1] - r[0]) / 2 for b, e in witnesses)

    turns = [r[0] for r in rows_of(file, turns=True)]
    prompt = [r for r in rows if r[2] == "ok" and not late(r)]
    lost, answers = {}, {}
    for r in rows:
        if r[2] == "ok":
            answers[r[3]] = answers.get(r[3], 0) + 1
        else:
            lost[r[3]] = lost.get(r[3], 0) + 1
    # The longest time in which no request was begun that was answered promptly.
    since = [r for r in prompt if event is None or r[0] >= float(event) - 0.5]
    gap = max(((b[0] - a[0], a[0]) for a, b in zip(since, since[1:])), default=(0, 0))
    took = sorted((r[1] - r[0]) * 1000 for r in rows if r[2] == "ok")
    print(json.dumps({
        "requests": len(rows), "answered": sum(answers.values()), "lost": sum(lost.values()), "how": lost,
        # Those aside that were made with one node, and asked when the neighbours had turned to another.
        **({"lost_apart_from_turns": sum(r[2] != "ok" and not any(r[0] <= t <= r[5] for t in turns) for r in rows)} if turns else {}),
        "later_than_100_ms": sum(map(late, rows)),
        **({"and_the_control_was_not": sum(map(alone, rows)), "control_max_ms": round(max((e - b for b, e in witnesses), default=0) * 1000, 1),
            "control_lost": sum(r[2] != "ok" for r in rows_of(control))} if control else {}),
        # From the event to the beginning of the last request that was lost, or answered after a retransmission (1 s) at best.
        "trouble_ends_ms": round((max((r[0] for r in rows if r[2] != "ok" or r[1] - r[0] - r[4] > RETRANSMITTED), default=float(event)) - float(event)) * 1000) if event else None,
        "refused": lost.get("ECONNREFUSED", 0) + lost.get("ECONNRESET", 0), "longest_gap_ms": round(gap[0] * 1000),
        "gap_from_event_ms": round((gap[0] + gap[1] - float(event)) * 1000) if event else None,
        "longest_standstill_ms": round(max((r[4] for r in rows), default=0) * 1000),
        "p50_ms": round(took[len(took) // 2], 1) if took else None, "max_ms": round(took[-1], 1) if took else None,
        "pods": len(answers), "by": dict(sorted(answers.items()))}))


if __name__ == "__main__":
    command, *words = sys.argv[1:] or [""]
    if command == "serve":
        serve(words)
    elif command == "pods":
        pods(words[0], words[1:])
    elif command == "get":
        sys.exit(get(*words))
    elif command == "probe":
        probe(*words)
    elif command == "summary":
        summary(*words)
    else:
        sys.exit(__doc__)
