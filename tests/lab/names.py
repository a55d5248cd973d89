"""What in the world has no server of Debian's: its DNS, by UDP, TCP and HTTPS (behind nginx), and who listens for datagrams
and for anything else. Started by servers.py with a zone as JSON and a file for what was asked; says "ready" when it serves."""
import http.server
import json
import os
import selectors
import socket
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system", "guard"))
from dns import Query, Server  # noqa: E402

SILENT = ".silent.example.org"  # nobody answers for what is below


class Ends:
    """As much of a Place as a Server needs; it ends with the process."""
    ends = []


def main(zone, turning, log, name_servers, datagrams, streams):
    with open(log, "a", encoding="utf-8", buffering=1) as file:
        more, asked = os.path.join(os.path.dirname(log), "more.json"), {}

        def addresses(query):
            """Of its name, or None."""
            if query.name in turning:
                count = asked[query.name, query.type] = asked.get((query.name, query.type), 0) + 1
                return turning[query.name][count > 1]
            if query.name not in zone and os.path.exists(more):
                with open(more, encoding="utf-8") as names:
                    zone.update(json.load(names))
            return zone.get(query.name)

        def answer(query, way):
            if query.name.endswith(SILENT):
                return None
            file.write(f"dns {way} {query.name}\n")
            found = addresses(query)
            return query.answer(rcode=3) if found is None else query.addresses(*found, ttl=60)

        class DnsOverHttps(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):  # noqa: N802 RFC 8484
                body = answer(Query(self.rfile.read(int(self.headers["Content-Length"])), True), "https")
                self.send_response(200)
                self.send_header("Content-Type", "application/dns-message")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        for where in name_servers:
            Server(Ends, lambda q, where=where: answer(q, where), where, port=53)
        doh = http.server.ThreadingHTTPServer(("127.0.0.1", 8053), DnsOverHttps)
        threading.Thread(target=doh.serve_forever, daemon=True).start()
        with selectors.DefaultSelector() as ready:
            for where, port in datagrams:
                s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                s.bind((where, port))
                ready.register(s, selectors.EVENT_READ, "udp")
            for where, port in streams:
                s = socket.create_server((where, port))
                ready.register(s, selectors.EVENT_READ, "tcp")
            print("ready", flush=True)
            while True:
                for key, _ in ready.select():
                    where, port = key.fileobj.getsockname()[:2]
                    file.write(f"{key.data} {where} {port}\n")
                    if key.data == "udp":
                        data, sender = key.fileobj.recvfrom(65536)
                        key.fileobj.sendto(data, sender)
                    else:
                        with key.fileobj.accept()[0] as s:
                            s.sendall(b"hello\n")


if __name__ == "__main__":
    main(*json.loads(sys.argv[1]))
