"""order.py   hands what stands in /shared/order to the echo servers (traffic.py serve)."""
import socket

with open("/shared/order") as f:
    socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(f.read().encode(), "/shared/serve.sock")
