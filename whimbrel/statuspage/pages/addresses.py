"""Where a link leads: in the program from the root, in a copy from file to file. Pure.

A copy may lie anywhere, below any prefix, on any file server or on a disk; so its links are relative and name files.
"""

from abc import ABC, abstractmethod
from urllib.parse import quote

from whimbrel.statuspage.pages.language import DEFAULT


class Addresses(ABC):
    """`path`: where the page itself lies, without a slash at the beginning and without its language."""

    path: str

    @abstractmethod
    def page(self, path: str) -> str:
        """A page, in the language of the one that links."""

    @abstractmethod
    def file(self, path: str) -> str:
        """A file, feed or document, which has no language."""

    @abstractmethod
    def spoken(self, path: str, language: str) -> str:
        """A file that is there in every language, such as a feed."""

    @abstractmethod
    def in_language(self, language: str) -> str:
        """This page in another language."""


class Served(Addresses):
    """Links as the program serves them. `asked`: the language that the reader chose by address, or empty."""

    def __init__(self, path: str, asked: str = "", query: str = "") -> None:
        self.path, self._asked, self._query = path, asked, query

    def page(self, path: str) -> str:
        """From the root, with the language that was chosen."""
        joint = "&" if "?" in path else "?"
        return f"/{_quoted(path)}{joint}lang={self._asked}" if self._asked else f"/{_quoted(path)}"

    def file(self, path: str) -> str:
        """From the root."""
        return f"/{_quoted(path)}"

    def spoken(self, path: str, language: str) -> str:
        """From the root; English is what the path alone gives, to programs that ask for nothing else."""
        return self.file(path) if language == DEFAULT else self.file(f"{path}?lang={language}")

    def in_language(self, language: str) -> str:
        """The same address with another language."""
        query = f"{self._query}&" if self._query else ""
        return f"/{_quoted(self.path)}?{query}lang={language}"


class Copied(Addresses):
    """Links as a copy has them: every page is `<path>/index.html`, below its language's folder."""

    def __init__(self, path: str, language: str) -> None:
        self.path, self._language = path, language

    @property
    def place(self) -> str:
        """The file in which this page lies, from the root of the copy."""
        return _place(self.path, self._language)

    def page(self, path: str) -> str:
        """From this file to that page's file."""
        return self.file(_place(path, self._language))

    def file(self, path: str) -> str:
        """From this file to another."""
        return "../" * self.place.count("/") + _quoted(path)

    def spoken(self, path: str, language: str) -> str:
        """From this file to that one in its language's folder."""
        return self.file(in_folder(path, language))

    def in_language(self, language: str) -> str:
        """From this file to the same page's in another language."""
        return self.file(_place(self.path, language))


def in_folder(path: str, language: str) -> str:
    """Where a file lies in a copy: below its language's folder, or at the top in the usual one."""
    return path if language == DEFAULT else f"{language}/{path}"


def _place(path: str, language: str) -> str:
    return in_folder("/".join(part for part in (path.strip("/"), "index.html") if part), language)


def _quoted(path: str) -> str:
    return quote(path, safe="/?=&#-._~")
