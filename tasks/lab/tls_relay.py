"""Put mutual TLS before a Unix socket: what `buildkitd --tlscacert` would do.

A program of its own, standard library only:

    python tls_relay.py PORT SOCKET CA CERT KEY

socat can listen with TLS too, but it offers no ALPN, without which gRPC clients since 2024 refuse to talk.
"""

import asyncio
import ssl
import sys

_BLOCK = 1 << 16


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while block := await reader.read(_BLOCK):
            writer.write(block)
            await writer.drain()
    except OSError:  # either side may go at any time
        pass
    finally:
        writer.close()


async def serve(port: int, path: str, context: ssl.SSLContext) -> None:
    """Relay every connection that shows a certificate of the authority."""

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_unix_connection(path)
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pump(reader, inner_writer), _pump(inner_reader, writer))

    server = await asyncio.start_server(relay, "127.0.0.1", port, ssl=context)
    await server.serve_forever()


def make_context(authority: str, certificate: str, key: str) -> ssl.SSLContext:
    """A server's TLS settings that want a client certificate and speak HTTP/2."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2"])
    return context


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), sys.argv[2], make_context(*sys.argv[3:6])))
