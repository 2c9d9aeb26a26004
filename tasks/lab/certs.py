"""Certificates for mutual TLS: an authority, its servers and clients (one expired of each), and a stranger's."""

import shutil
from pathlib import Path

from tasks.lab import process
from tasks.lab.context import Facts
from tasks.lab.packages import find

SERVER_NAME = "localhost"
_CONFIG = """\
[ca]
default_ca = lab
[lab]
database = {folder}/{authority}.index
new_certs_dir = {folder}
serial = {folder}/{authority}.serial
rand_serial = yes
unique_subject = no
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
[authority]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign
"""


def make_certificates(folder: Path, trees: Path) -> Facts:
    """Make them all in a folder, as PEM files; their paths by role."""
    folder.mkdir(parents=True)
    openssl = shutil.which("openssl") or str(find(trees / "root", "openssl"))
    maker = _Maker(openssl, folder)
    for authority in ("ca", "wrong-ca"):
        maker.authority(authority)
    san = f"subjectAltName=DNS:{SERVER_NAME},IP:127.0.0.1"
    maker.certificate("server", "ca", extension=san)
    maker.certificate("client", "ca")
    past = {"start": "20200101000000Z", "end": "20200102000000Z"}
    maker.certificate("expired-server", "ca", extension=san, **past)
    maker.certificate("expired", "ca", **past)
    maker.certificate("stranger", "wrong-ca")
    return {
        "server_name": SERVER_NAME,
        "ca": str(folder / "ca.pem"),
        "wrong_ca": str(folder / "wrong-ca.pem"),
        **{
            f"{role}{kind}": str(folder / f"{name}.{suffix}")
            for role, name in (("", "client"), ("expired_", "expired"), ("stranger_", "stranger"))
            for kind, suffix in (("cert", "pem"), ("key", "key"))
        },
    }


class _Maker:
    """openssl's `ca` is the one command that sets a certificate's dates in every version."""

    def __init__(self, openssl: str, folder: Path) -> None:
        self._openssl = openssl
        self._folder = folder

    def authority(self, name: str) -> None:
        (self._folder / f"{name}.cnf").write_text(_CONFIG.format(folder=self._folder, authority=name))
        (self._folder / f"{name}.index").touch()
        self._run("req", "-x509", *self._key(name), "-days", "30", "-extensions", "authority", "-out", f"{name}.pem")

    def certificate(
        self, name: str, authority: str, *, start: str = "", end: str = "", extension: str = "keyUsage=digitalSignature"
    ) -> None:
        config = ("-config", f"{authority}.cnf")
        self._run("req", "-new", *self._key(name, authority), "-addext", extension, "-out", f"{name}.csr")
        dates = ("-startdate", start, "-enddate", end) if start else ("-days", "30")
        signer = ("-cert", f"{authority}.pem", "-keyfile", f"{authority}.key")
        self._run("ca", "-batch", "-notext", *config, *signer, *dates, "-in", f"{name}.csr", "-out", f"{name}.pem")

    def _key(self, name: str, authority: str = "") -> tuple[str, ...]:
        new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key")
        return (*new, "-subj", f"/CN={name}", "-config", f"{authority or name}.cnf")

    def _run(self, *words: str) -> None:
        process.call([self._openssl, *words], cwd=self._folder)
