"""The keys by which the journal's writer decides (kernel.events.Group): one function each, one spelling.

A key is held from the event that claims it to the one that releases it, so the set of keys held *is* the set of
edges: a follow, a favourite, a taken name. Two requests that race for one key meet in the writer's transaction.
"""

import hashlib
from typing import Final

DELETION_KEYS: Final = ("deleted:", "gone:")
"""What the keys of deleted posts and of deleted accounts begin with."""


def name(account_name: str) -> str:
    """A taken account name, hashed, so that a deleted account's name is not told; case makes no other name."""
    return "name:" + hashlib.blake2b(account_name.lower().encode(), digest_size=16).hexdigest()


def email(address: str) -> str:
    """A taken e-mail address, hashed so that the key tells nobody's address."""
    return "email:" + hashlib.blake2b(address.strip().lower().encode(), digest_size=16).hexdigest()


def account_gone(account_id: int) -> str:
    """An account that was deleted; never released. Follows and the like forbid it."""
    return f"gone:{account_id}"


def idempotency(account_id: int, key: str) -> str:
    """An Idempotency-Key that an account has used, hashed: clients put anything into it."""
    return f"once:{account_id}:" + hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


def follow(account_id: int, target_id: int) -> str:
    """`account_id` follows `target_id`."""
    return f"follow:{account_id}:{target_id}"


def request(account_id: int, target_id: int) -> str:
    """`account_id` has asked to follow the locked `target_id`."""
    return f"request:{account_id}:{target_id}"


def block(account_id: int, target_id: int) -> str:
    """`account_id` blocks `target_id`."""
    return f"block:{account_id}:{target_id}"


def mute(account_id: int, target_id: int) -> str:
    """`account_id` mutes `target_id`."""
    return f"mute:{account_id}:{target_id}"


def endorsement(account_id: int, target_id: int) -> str:
    """`account_id` shows `target_id` on its profile."""
    return f"endorse:{account_id}:{target_id}"


def tag_follow(account_id: int, tag: str) -> str:
    """`account_id` follows the hashtag `tag` (already folded)."""
    return f"tag:{account_id}:{tag}"


def deleted(post_id: int) -> str:
    """A post (or reblog) that was deleted; never released."""
    return f"deleted:{post_id}"


def favourite(account_id: int, post_id: int) -> str:
    """`account_id` has favourited `post_id`."""
    return f"favourite:{account_id}:{post_id}"


def bookmark(account_id: int, post_id: int) -> str:
    """`account_id` has bookmarked `post_id`."""
    return f"bookmark:{account_id}:{post_id}"


def reblog(account_id: int, post_id: int) -> str:
    """`account_id` has reblogged `post_id`; the claim's stamp carries the reblog's own id."""
    return f"reblog:{account_id}:{post_id}"


def pin(account_id: int, post_id: int) -> str:
    """`account_id` has pinned its `post_id`."""
    return f"pin:{account_id}:{post_id}"


def thread_mute(account_id: int, conversation_id: int) -> str:
    """`account_id` has muted the conversation."""
    return f"quiet:{account_id}:{conversation_id}"


def authorization_code(code_hash: str) -> str:
    """An OAuth authorization code that was redeemed; expires with the code."""
    return f"code:{code_hash}"


def client(client_id: str) -> str:
    """A registered app's client id."""
    return f"client:{client_id}"


def token(token_hash: str) -> str:
    """A token that exists; released when it is revoked."""
    return f"token:{token_hash}"
