"""Where things live on this server, as other people see them."""

from urllib.parse import quote


class Addresses:
    """Addresses under the public URL. The `uri`s are names that never change, whatever the pages' addresses do."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url
        self.avatar = f"{public_url}/static/avatar.svg"
        self.header = f"{public_url}/static/header.svg"

    def account(self, name: str) -> str:
        """A profile's page."""
        return f"{self._public_url}/@{name}"

    def account_uri(self, name: str) -> str:
        """A profile's name in federation."""
        return f"{self._public_url}/users/{name}"

    def post(self, name: str, post_id: int) -> str:
        """A post's page."""
        return f"{self._public_url}/@{name}/{post_id}"

    def post_uri(self, name: str, post_id: int) -> str:
        """A post's name in federation."""
        return f"{self._public_url}/users/{name}/statuses/{post_id}"

    def tag(self, name: str) -> str:
        """A hashtag's page."""
        return f"{self._public_url}/tags/{quote(name)}"
