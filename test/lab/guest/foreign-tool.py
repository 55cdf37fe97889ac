"""foreign-tool.py NAMESPACE ADDRESS PORT   deletes that TCP virtual server whenever it appears, as a tool would that thinks the IPVS
table is its own. Says how often when it ends (SIGTERM).

Source: include/uapi/linux/ip_vs.h, IP_VS_SO_SET_DEL and struct ip_vs_service_user."""
import ctypes, os, signal, socket, struct, sys, time

namespace, address, port = sys.argv[1:]
ctypes.CDLL(None).setns(os.open("/run/netns/" + namespace, os.O_RDONLY), 0x40000000)
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
SET_DEL = 64 + 1024 + 64 + 4
key = struct.pack("@H2x4s2sxxI16sIII", socket.IPPROTO_TCP, socket.inet_aton(address), struct.pack("!H", int(port)), 0, b"", 0, 0, 0)
deleted = 0
stop = []
signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
while not stop:
    try:
        s.setsockopt(socket.SOL_IP, SET_DEL, key)
        deleted += 1
    except OSError:
        pass
    time.sleep(0.01)
print(deleted)
