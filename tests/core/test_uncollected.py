import gc

import pytest

from core.uncollected import uncollected


def test_the_search_for_rings_rests_within_and_goes_on_after():
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_goes_on_also_after_a_fault():
    with pytest.raises(ZeroDivisionError), uncollected():
        1 / 0  # noqa: B018
    assert gc.isenabled()


def test_within_another_it_stays_off_until_the_outer_one_ends():
    with uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
