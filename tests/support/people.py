"""The front doors of accounts and of the graph over one `Appending`, and people made by one line."""

from typing import NamedTuple

from tests.support.appending import Appending
from whimbrel.kernel.events import Claim, Group, draft
from whimbrel.microblog import keys
from whimbrel.microblog.accounts.access import Access
from whimbrel.microblog.accounts.events import AccountCreated
from whimbrel.microblog.accounts.front import Accounts
from whimbrel.microblog.accounts.memory import AccountsInMemory
from whimbrel.microblog.accounts.passwords import Passwords
from whimbrel.microblog.accounts.requests import ProfileText
from whimbrel.microblog.accounts.values import Account
from whimbrel.microblog.graph.front import Graph
from whimbrel.microblog.graph.memory import GraphInMemory
from whimbrel.microblog.graph.reader import Reader
from whimbrel.microblog.posts.tags import fold
from whimbrel.microblog.posts.text import mentioned_names, render_field, render_note

PUBLIC_URL = "http://whimbrel.example"

PROFILE_TEXT = ProfileText(
    mentioned_names,
    lambda text, ids: render_note(text, PUBLIC_URL, ids=ids),
    lambda text, ids: render_field(text, PUBLIC_URL, ids=ids),
)


class Doors(NamedTuple):
    """What a process holds of the two rooms."""

    appending: Appending
    in_memory: AccountsInMemory
    graph_in_memory: GraphInMemory
    accounts: Accounts
    access: Access
    graph: Graph

    def add_account(self, name: str) -> Account:
        """An account that is confirmed and has no password: what a test needs of a person, at no cost."""
        data = AccountCreated(name=name, email=f"{name}@mail.example", confirmed=True)
        claims = (Claim(keys.name(name)), Claim(keys.email(data.email)))
        id_ = self.appending.add(Group((draft(data, actor=0, claims=claims),)))
        account = self.accounts.held(id_)
        assert account is not None
        return account

    async def add_reader(self, name: str) -> tuple[Account, Reader]:
        """The same, with its side of the graph."""
        account = self.add_account(name)
        return account, await self.graph.reader(account.id)


def doors_of(appending: Appending, passwords: Passwords) -> Doors:
    """Open the doors of both rooms, with views in memory that are fed."""
    in_memory = AccountsInMemory(appending.reads, appending.tail)
    graph_in_memory = GraphInMemory(appending.reads, appending.tail)
    appending.add_view(in_memory)
    appending.add_view(graph_in_memory)
    accounts = Accounts(
        appender=appending,
        reads=appending.reads,
        memory=in_memory,
        passwords=passwords,
        profile_text=PROFILE_TEXT,
    )
    access = Access(appender=appending, reads=appending.reads, memory=in_memory, clock=appending.clock)
    graph = Graph(
        appender=appending,
        reads=appending.reads,
        memory=graph_in_memory,
        accounts=accounts,
        fold_tag=fold,
        clock=appending.clock,
    )
    return Doors(appending, in_memory, graph_in_memory, accounts, access, graph)
