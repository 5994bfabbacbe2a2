"""pongs.py N - answers probes on N ports: a third of each UDP, TCP and HTTP.

Prints a line "KIND PORT" for each, then "ready"; serves until it is killed.
"""
import asyncio
import sys

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Pong(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        if data == b"PING":
            self.transport.sendto(b"PONG", addr)


async def accept(_, writer):
    writer.close()


async def answer(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(ANSWER)
    writer.close()


async def main(n):
    loop = asyncio.get_running_loop()
    kept = []
    for i in range(n):
        if i % 3 == 0:
            transport, _ = await loop.create_datagram_endpoint(
                Pong, local_addr=("127.0.0.1", 0))
            kept.append(transport)
            print("udp", transport.get_extra_info("sockname")[1])
        else:
            server = await asyncio.start_server(
                accept if i % 3 == 1 else answer, "127.0.0.1", 0)
            kept.append(server)
            print("tcp" if i % 3 == 1 else "http",
                  server.sockets[0].getsockname()[1])
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1])))
