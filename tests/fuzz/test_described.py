"""Whatever fits our own description, and whatever just does not, is answered without a fault of the server's.

schemathesis makes the requests from /api/openapi.json as the running server gives it; now and then an id is replaced
by one of something that is there, because a random one never is. The seed is fixed, so that a failure is the same
tomorrow; schemathesis prints the request as a command to repeat it.
"""

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error

SEED = 20_201_015
EXAMPLES = {GenerationMode.POSITIVE: 12, GenerationMode.NEGATIVE: 4}
DEADLINE_SECONDS = 20
CHECKS = [not_a_server_error]


@pytest.fixture(scope="module")
def operations(server):
    """Every operation of the description."""
    document = requests.get(f"{server.url}/api/openapi.json", timeout=DEADLINE_SECONDS).json()
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=server.url)
    return [operation.ok() for operation in schema.get_all_operations()]


@pytest.fixture(scope="module")
def session(tokens):
    """Requests by ada."""
    with requests.Session() as by_ada:
        by_ada.trust_env = False
        by_ada.headers["Authorization"] = f"Bearer {tokens['ada']}"
        yield by_ada


@pytest.fixture(scope="module")
def known(server, tokens):
    """What parts of addresses name something that is there: accounts, posts of both, a notification and its group."""
    ada, berta = (server.client(tokens[name]) for name in ("ada", "berta"))
    posts = [client.post("/api/v1/statuses", {"status": "Hello #fuzz"}).json["id"] for client in (ada, berta)]
    berta.post(f"/api/v1/statuses/{posts[0]}/favourite")
    accounts = [client.get("/api/v1/accounts/verify_credentials").json["id"] for client in (ada, berta)]
    told = ada.get("/api/v1/notifications").json[0]
    group = ada.get("/api/v2/notifications").json["notification_groups"][0]["group_key"]
    for client in (ada, berta):
        client.close()
    ids = [*posts, *accounts, told["id"]]
    return {"id": ids, "group_key": [group], "tag": ["fuzz"], "name": ["fuzz", "ada"]}


def throw(operation, session, mode, known):
    @seed(SEED)
    @settings(
        max_examples=EXAMPLES[mode],
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode), chosen=st.integers(0, 9))
    def ask(case, chosen):
        if chosen < 5 and isinstance(case.path_parameters, dict):
            there = {name: known[name][chosen % len(known[name])] for name in case.path_parameters if name in known}
            case.path_parameters.update(there)
        case.call_and_validate(session=session, checks=CHECKS, timeout=DEADLINE_SECONDS)

    ask()


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "misfitting"])
def test_no_request_made_from_the_description_is_a_server_error(server, operations, session, known, mode):
    processes = server.children()
    for operation in operations:
        try:
            throw(operation, session, mode, known)
        except Unsatisfiable:
            # Nothing about it can be wrong: it has neither parameters nor a body.
            assert mode is GenerationMode.NEGATIVE, operation.label
    assert server.children() == processes, "a process was restarted meanwhile"
    assert "request failed" not in server.log.read_text("utf-8")
