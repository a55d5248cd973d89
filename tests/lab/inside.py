"""What an attack sends by itself, inside of a run and as its control outside: inside.py WAY HOST PORT [HEX]...

    tcp HOST PORT HEX...    connects, sends each piece by itself, prints what comes until the end
    dribble HOST PORT HEX   the same, a byte at a time
    udp HOST PORT HEX       sends a datagram and prints what comes back
    each PORT HOST...       connects with each, sends a line, prints those that answer
    hello HOST PORT NAME [ech|twice|records|bytes|old|none]   sends a ClientHello for NAME, and prints "hello" when a server answers it
"""
import socket
import ssl
import struct
import sys
import time

PATIENCE = 10


def receive(s):
    got = b""
    try:
        while more := s.recv(65536):
            got += more
    except socket.timeout:
        pass
    return got


def stream(host, port):
    s = socket.create_connection((host, int(port)), PATIENCE)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def tcp(host, port, *pieces, pause=0.05):
    with stream(host, port) as s:
        for piece in pieces:
            s.sendall(bytes.fromhex(piece))
            time.sleep(pause)
        s.settimeout(2)
        sys.stdout.write(receive(s).decode(errors="replace"))


def dribble(host, port, whole):
    tcp(host, port, *[whole[i:i + 2] for i in range(0, len(whole), 2)], pause=0.005)


def udp(host, port, whole):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.sendto(bytes.fromhex(whole), (host, int(port)))
        print(s.recv(65536).hex())


def each(port, *hosts):
    for host in hosts:
        try:
            with stream(host, port) as s:
                s.settimeout(2)
                s.sendall(b"GET / HTTP/1.0\r\n\r\n")
                if receive(s):
                    print(host)
        except OSError:
            pass


def client_hello(name):
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sent = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), sent, server_hostname=name).do_handshake()
    except ssl.SSLWantReadError:
        pass
    return sent.read()


def with_extension(hello, number, body):
    """hello is one record with one message; the extensions are the last of it (RFC 8446, 4.1.2)."""
    at = 5 + 4 + 2 + 32
    at += 1 + hello[at]
    at += 2 + struct.unpack(">H", hello[at:at + 2])[0]
    at += 1 + hello[at]
    extensions = struct.pack(">HH", number, len(body)) + body + hello[at + 2:]
    message = hello[9:at] + struct.pack(">H", len(extensions)) + extensions
    return hello[:3] + struct.pack(">H", len(message) + 4) + b"\1" + struct.pack(">I", len(message))[1:] + message


def server_name(name):
    host = b"\0" + struct.pack(">H", len(name)) + name.encode()
    return struct.pack(">H", len(host)) + host


def hello(host, port, name, how=""):
    data = client_hello(None if how == "none" else name)
    if how == "ech":  # RFC 9849, 5: outer, HKDF-SHA256 and AES-128-GCM, a config, a key, what is hidden
        data = with_extension(data, 0xfe0d, b"\0" + struct.pack(">HHBH", 1, 1, 7, 32) + bytes(32) + struct.pack(">H", 64) + bytes(64))
    elif how == "twice":
        data = with_extension(data, 0, server_name("files.example.org"))
    pieces = [data]
    if how == "records":
        body = data[5:]
        pieces = [data[:3] + struct.pack(">H", len(body[i:i + 50])) + body[i:i + 50] for i in range(0, len(body), 50)]
    elif how == "bytes":
        pieces = [data[i:i + 1] for i in range(len(data))]
    with stream(host, port) as s:
        for piece in pieces:
            s.sendall(piece)
            if len(pieces) > 1:
                time.sleep(0.002)
        s.settimeout(PATIENCE)
        got = s.recv(5)
        if got[:1] == b"\x16":
            print("hello")
        else:
            sys.exit(f"inside: the answer is {got!r}")


if __name__ == "__main__":
    try:
        {"tcp": tcp, "dribble": dribble, "udp": udp, "each": each, "hello": hello}[sys.argv[1]](*sys.argv[2:])
    except OSError as e:
        sys.exit(f"inside: {e}")
