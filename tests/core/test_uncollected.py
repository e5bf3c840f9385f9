import gc

import pytest

from core.uncollected import uncollected


def test_the_search_for_rings_rests_within_and_goes_on_after():
    assert gc.isenabled()
    with pytest.raises(ValueError, match="stumbled"), uncollected():
        assert not gc.isenabled()
        raise ValueError("stumbled")
    assert gc.isenabled()


def test_within_another_it_stays_off_until_the_outer_one_ends():
    with uncollected():
        with uncollected():
            pass
        assert not gc.isenabled()
    assert gc.isenabled()
