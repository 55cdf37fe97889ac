"""forge-advert.py SOURCE DESTINATION TTL [PRIORITY INTERFACE COUNT]   sends VRRP version 3 adverts of router ID 50, ten a second.

Without the last three: twelve of priority 255, out of peer0.

Whatever SOURCE says: this is what anybody who may open a raw socket can send.
"""
import socket
import struct
import sys
import time


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac(interface):
    with open(f"/sys/class/net/{interface}/address") as file:
        return bytes.fromhex(file.read().strip().replace(":", ""))


def advert(source, destination, ttl):
    source, destination = socket.inet_aton(source), socket.inet_aton(destination)
    # Version 3, type 1; router ID, priority, one address, the interval in hundredths of a second, checksum, the anchor.
    body = struct.pack("!BBBBHH4s", 0x31, 50, priority, 1, 10, 0, socket.inet_aton("169.254.50.1"))
    pseudo = source + destination + struct.pack("!BBH", 0, 112, len(body))
    body = body[:6] + struct.pack("!H", checksum(pseudo + body)) + body[8:]
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0xC0, 20 + len(body), 1, 0, ttl, 112, 0, source, destination)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


source, destination, ttl = sys.argv[1], sys.argv[2], int(sys.argv[3])
priority, interface, count = (int(sys.argv[4]), sys.argv[5], int(sys.argv[6])) if len(sys.argv) > 4 else (255, "peer0", 12)
multicast = destination.startswith("224.")
to = b"\x01\x00\x5e\x00\x00\x12" if multicast else mac("eth0")
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
link.bind((interface, 0))
# The hardware address of the link itself: in the lab, sysfs shows another namespace.
frame = to + link.getsockname()[4] + b"\x08\x00" + advert(source, destination, ttl)
for _ in range(count):
    link.send(frame)
    time.sleep(0.1)
