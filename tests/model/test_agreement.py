"""A naive model of a microblog and the product agree, whatever people do and whatever happens to the processes."""

import random

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import Microblogging
from tests.support.doors import InProcess, OverHttp

SEEDS = random.SystemRandom()


@pytest.fixture(params=[InProcess, OverHttp], ids=["in-process", "over-http"])
def door(request, tmp_path):
    opened = request.param(tmp_path / "data")
    yield opened
    opened.close()


EXAMPLES = {InProcess: (40, 40), OverHttp: (8, 40)}


def test_a_naive_model_and_the_product_agree_on_everything_that_anybody_sees(door):
    examples, steps = EXAMPLES[type(door)]
    number = SEEDS.randrange(1 << 32)
    print(f"seed {number}")

    @seed(number)
    class Seeded(Microblogging):
        pass

    Seeded.door = door
    run_state_machine_as_test(
        Seeded,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
