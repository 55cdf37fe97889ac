#!/usr/bin/env python3
"""Connections of the lab that stay open: each says a line four times a second and waits for its echo.

lines.py serve SPEC...     SPEC = namespace,address,port,name; answers each line with its name; serves until killed
lines.py hold NAMESPACE ADDRESS PORT COUNT FILE    keeps COUNT connections talking until SIGTERM; then for each name JSON: how many
                           connections it had, how many of them were broken (reset, ended, or silent for 3 s at the end), and the
                           longest time that one which lives on had to wait
"""
import ctypes, json, os, selectors, signal, socket, sys, time

libc = ctypes.CDLL(None, use_errno=True)
root_namespace = os.open("/proc/self/ns/net", os.O_RDONLY)
SILENT = 3.0


def enter(name):
    fd = root_namespace if name == "-" else os.open("/run/netns/" + name, os.O_RDONLY)
    if libc.setns(fd, 0x40000000):
        raise OSError(ctypes.get_errno(), "setns " + name)
    if fd != root_namespace:
        os.close(fd)


def open_socket(namespace):
    enter(namespace)
    try:
        return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    finally:
        enter("-")


def serve(specs):
    selector = selectors.DefaultSelector()
    for spec in specs:
        namespace, address, port, name = spec.split(",")
        s = open_socket(namespace)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, int(port)))
        s.listen(256)
        selector.register(s, selectors.EVENT_READ, (True, name))
    open("/shared/lines", "w").close()
    while True:
        for key, _ in selector.select():
            (is_listener, name), s = key.data, key.fileobj
            if is_listener:
                connection, _ = s.accept()
                selector.register(connection, selectors.EVENT_READ, (False, name))
                continue
            try:
                data = s.recv(4096)
                if data:
                    s.send(name.encode() + b"\n")
                    continue
            except OSError:
                pass
            selector.unregister(s)
            s.close()


def hold(namespace, address, port, count, file):
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    selector, all_of_them = selectors.DefaultSelector(), []
    for _ in range(int(count)):
        s = open_socket(namespace)
        s.settimeout(5)
        s.connect((address, int(port)))
        s.send(b"hello\n")
        name = s.recv(100).decode().split()[0]
        s.setblocking(False)
        one = {"name": name, "socket": s, "heard": time.monotonic(), "longest": 0.0, "broken": None}
        selector.register(s, selectors.EVENT_READ, one)
        all_of_them.append(one)
    open(file, "w").write("holding\n")

    def end(one, why):
        one["broken"] = why
        selector.unregister(one["socket"])
        one["socket"].close()

    due = time.monotonic()
    while not stop:
        if time.monotonic() >= due:
            due += 0.25
            for one in all_of_them:
                try:
                    if one["broken"] is None:
                        one["socket"].send(b"hello\n")
                except OSError as error:
                    end(one, str(error))
        for key, _ in selector.select(max(0, due - time.monotonic())):
            one = key.data
            try:
                data = one["socket"].recv(4096)
            except BlockingIOError:
                continue
            except OSError as error:
                end(one, str(error))
                continue
            if not data:
                end(one, "EOF")
                continue
            t = time.monotonic()
            one["longest"] = max(one["longest"], t - one["heard"])
            one["heard"] = t
    by = {}
    for one in all_of_them:
        of = by.setdefault(one["name"], {"connections": 0, "broken": 0, "longest_wait_ms": 0})
        of["connections"] += 1
        if one["broken"] or time.monotonic() - one["heard"] > SILENT:
            of["broken"] += 1
        else:
            of["longest_wait_ms"] = max(of["longest_wait_ms"], round(one["longest"] * 1000))
    open(file, "w").write(json.dumps(dict(sorted(by.items()))) + "\n")


if __name__ == "__main__":
    command, *words = sys.argv[1:] or [""]
    if command == "serve":
        serve(words)
    elif command == "hold":
        hold(*words)
    else:
        sys.exit(__doc__)
