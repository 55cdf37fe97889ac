#!/usr/bin/env python3
"""fixed-port.py NAMESPACE ADDRESS PORT OWN_PORT EVERY_MS FILE   a UDP client that keeps its port and never pauses, until SIGTERM.
FILE gets a line for each answer, `SECONDS ADDRESS TEXT`: when it came, and from whom; at the end `sent N answered N foreign N`, where
foreign answers came from another address than they were asked of."""
import select, signal, socket, sys
from traffic import enter, now, of_its_own

namespace, address, port, own, every, file = sys.argv[1:]
of_its_own()
enter(namespace)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", int(own)))
stop, sent, answered, foreign = [], 0, 0, 0
signal.signal(signal.SIGTERM, lambda *_: stop.append(now()))
due = now()
with open(file, "w") as out:
    while not stop:
        if now() >= due:
            due = max(due + float(every) / 1000, now())
            s.sendto(b"?", (address, int(port)))
            sent += 1
        if not select.select([s], [], [], max(0, due - now()))[0]:
            continue
        try:
            data, (source, _) = s.recvfrom(2048)
        except OSError:
            continue
        answered += 1
        foreign += source != address
        out.write("%.2f %s %s\n" % (now(), source, data.decode()))
        out.flush()
    out.write('{"sent": %d, "answered": %d, "foreign": %d}\n' % (sent, answered, foreign))
