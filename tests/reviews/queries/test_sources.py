"""What campaigns rest on."""

import pytest

from reviews.models import PopulationSource
from reviews.queries.sources import rested_on
from tests.make import make_connected, make_run, make_user
from tests.reviews.making import make_running


@pytest.mark.django_db
def test_what_campaigns_rest_on_is_read_at_once_however_many_they_are(django_assert_num_queries):
    reviewer = make_user("Rui Costa")
    connector = make_connected()
    for number in range(3):
        campaign = make_running([], reviewer, make_user(f"Owner {number}"), name=f"Review {number}")
        PopulationSource.objects.create(
            campaign=campaign, connector=connector, source=connector.source, run=make_run(connector)
        )

    with django_assert_num_queries(2):
        assert rested_on() == {connector.app_id}
