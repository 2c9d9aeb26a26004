"""Get the lab's packages without installing any: a private apt downloads them, private trees receive their files.

Both stay in the cache folder, so the next start needs neither the network nor the time.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tasks.lab import process
from tasks.lab.distribution import Distribution, Package
from tasks.lab.errors import LabError
from tasks.lab.sources import find_archive, format_source, read_sources
from tasks.lab.unpack import unpack

Say = Callable[[str], None]
_RECORD = "packages.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Store:
    """The packages' home in the cache: `apt/`, `debs/<suite>/`, and the unpacked trees."""

    folder: Path
    distribution: Distribution

    @property
    def trees(self) -> Path:
        """Where the unpacked trees are: `root`, `buildx-old`, `buildx-new`, `foreign`.

        Another list of packages means another folder, so that a lab which runs from this one is not disturbed.
        """
        wanted = "\n".join(
            f"{package.request} {package.tree} {' '.join(package.keep)}" for package in self.distribution.packages
        )
        return self.folder / f"trees-{hashlib.sha256(wanted.encode()).hexdigest()[:8]}"

    def versions(self) -> dict[str, str]:
        """Package file names by request, when the trees are whole; else empty."""
        try:
            known: dict[str, str] = json.loads((self.trees / _RECORD).read_text())
        except FileNotFoundError:
            return {}
        return known

    def ensure(self, say: Say, *, refresh: bool = False) -> dict[str, str]:
        """Make the trees complete; downloads only what the cache lacks, or everything anew on `refresh`."""
        if not refresh and (versions := self.versions()):
            return versions
        if refresh:
            shutil.rmtree(self.folder / "debs", ignore_errors=True)
        packages = self.distribution.packages
        if missing := [package for package in packages if self._deb(package) is None]:
            self._download(missing, say)
        say(f"unpacking {len(packages)} packages into {self.trees}")
        return self._unpack(packages)

    def _deb(self, package: Package) -> Path | None:
        debs = sorted((self.folder / "debs" / package.suite).glob(f"{package.name}_*_{package.architecture}.deb"))
        return debs[-1] if debs else None

    def _download(self, packages: Iterable[Package], say: Say) -> None:
        env = {"APT_CONFIG": str(self._write_apt_files()), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
        say(f"reading the package indexes of {', '.join(self.distribution.suites)}")
        process.call(["apt-get", "update", "-qq", "--error-on=any"], env=env, timeout=600)
        for suite in self.distribution.suites:
            wanted = [package for package in packages if package.suite == suite]
            if not wanted:
                continue
            say(f"downloading from {suite}: {', '.join(f'{one.name} ({one.architecture})' for one in wanted)}")
            requests = dict.fromkeys(package.request for package in wanted)
            folder = self.folder / "debs" / suite
            folder.mkdir(parents=True, exist_ok=True)
            # Half a download under its final name would count as a package for ever after.
            with tempfile.TemporaryDirectory(dir=self.folder) as partial:
                process.call(["apt-get", "download", "-qq", *requests], env=env, cwd=Path(partial), timeout=1200)
                debs = sorted(Path(partial).glob("*.deb"))
                say(f"downloaded {sum(deb.stat().st_size for deb in debs) / 1e6:.0f} MB")
                for deb in debs:
                    deb.replace(folder / deb.name)

    def _write_apt_files(self) -> Path:
        apt = self.folder / "apt"
        for name in ("lists/partial", "cache/archives/partial", "sources.list.d"):
            (apt / name).mkdir(parents=True, exist_ok=True)
        here = self.distribution
        archive = find_archive(read_sources(), here.codename)
        stanzas = [
            format_source(
                archive,
                suites=[suite],
                components=here.components,
                architectures=sorted({package.architecture for package in here.packages if package.suite == suite}),
            )
            for suite in here.suites
        ]
        (apt / "sources.list.d" / "lab.sources").write_text("\n".join(stanzas))
        config = apt / "apt.conf"
        config.write_text(
            "#clear APT::Architectures;\n"
            f'APT::Architectures {{ "{here.architecture}"; "{here.foreign}"; }};\n'
            'APT::Sandbox::User "root";\n'  # the cache folder may be closed to apt's own user
            'Acquire::Languages "none";\n'
            'Dir::Etc::SourceList "/dev/null";\n'
            f'Dir::Etc::SourceParts "{apt}/sources.list.d";\n'
            'Dir::Etc::Preferences "/dev/null";\n'
            'Dir::Etc::PreferencesParts "/dev/null";\n'
            f'Dir::State "{apt}";\n'
            f'Dir::State::Lists "{apt}/lists";\n'
            f'Dir::Cache "{apt}/cache";\n'
        )
        return config

    def _unpack(self, packages: Iterable[Package]) -> dict[str, str]:
        fresh = self.folder / "new"
        shutil.rmtree(fresh, ignore_errors=True)
        files = {}
        for package in packages:
            deb = self._deb(package)
            if deb is None:
                raise LabError(f"{package.request}: apt downloaded no such package")
            unpack(deb, package.keep, fresh / package.tree)
            files[package.request] = deb.name
        (fresh / _RECORD).write_text(json.dumps(files, indent=1))
        shutil.rmtree(self.trees, ignore_errors=True)
        fresh.rename(self.trees)
        return files


def find(tree: Path, *names: str) -> Path:
    """The first file of one of these names in an unpacked tree; `LabError` when there is none."""
    for name in names:
        for path in sorted(tree.rglob(name)):
            if path.is_file():
                return path
    raise LabError(f"no {' or '.join(names)} in the unpacked packages under {tree}")
