"""What is said about lines stays with each of them, and reaches those who take part."""

import pytest
from django.urls import reverse

from core.errors import Denied, NotPossible
from core.models import OutgoingMail, Role
from reviews.actions.comments import comment_all
from reviews.models import Campaign, Comment
from tests.flush import past_the_triggers
from tests.make import make_user
from tests.reviews.making import make_grants, make_running, make_turn

pytestmark = pytest.mark.django_db


@pytest.fixture
def rui():
    return make_user("Rui Costa", Role.BASIC)


@pytest.fixture
def olga():
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def campaign(rui, olga):
    return make_running(make_grants(3, person=make_user("Nora Lindqvist")), rui, olga)


def letters(person):
    rows = OutgoingMail.objects.filter(recipient=person, letter="line_commented")
    return rows.count()


def test_one_comment_stands_with_each_line_and_in_the_trail(campaign, rui, olga, trail):
    tom = make_user("Tom Okafor", Role.BASIC)
    make_turn(campaign.tasks.get(line_no=3), tom)

    comment_all(campaign, [1, 3], "Ask **Tom**", by=rui)

    assert list(Comment.objects.values_list("task__line_no", flat=True)) == [1, 3]
    assert trail() == ["reviews.commented", "reviews.commented"]
    assert (letters(olga), letters(tom), letters(rui)) == (1, 1, 0)
    assert "/lines/3/" in OutgoingMail.objects.get(recipient=tom).text


def test_a_comment_on_a_line_of_others_stands_with_none(campaign, rui, trail):
    make_turn(campaign.tasks.get(line_no=1), make_user("Tom Okafor", Role.BASIC))
    with past_the_triggers():
        campaign.tasks.get(line_no=2).turns.all().delete()

    with pytest.raises(Denied):
        comment_all(campaign, [1, 2], "Mine?", by=rui)

    assert not Comment.objects.exists()
    assert trail() == []


def test_so_many_lines_at_once_are_too_many(campaign, rui):
    with pytest.raises(NotPossible, match="at most 200 lines"):
        comment_all(campaign, range(1, 202), "All", by=rui)


def test_ticked_lines_are_commented_on_a_page(campaign, rui, sign_in):
    browser, url = sign_in(rui), reverse("reviews:comment_several", args=[campaign.pk])

    ticked = browser.post(
        reverse("reviews:mark", args=[campaign.pk]), {"selected": "comment", "line": ["1", "2"]}
    )
    empty = browser.post(url, {"line": ["1", "2"], "text": " "})
    quick = browser.post(url, {"line": ["1", "2"], "text": "", "quick": "Access was inappropriate"})

    assert ticked.headers["Location"] == f"{url}?line=1&line=2"
    assert empty.status_code == 422
    assert quick.status_code == 302
    assert set(Comment.objects.values_list("text", flat=True)) == {"Access was inappropriate"}
    assert Comment.objects.count() == 2


def test_markdown_is_drawn_and_html_is_not(campaign, rui, olga, sign_in):
    comment_all(campaign, [1], "| a | b |\n|---|---|\n| 1 | <script>x</script> |", by=rui)
    campaign.instructions.update(text="**Look** twice")

    own = sign_in(rui).get(reverse("reviews:line", args=[campaign.pk, 1])).content.decode()
    owners = sign_in(olga).get(reverse("reviews:campaign_line", args=[campaign.pk, 1])).content.decode()
    desk = sign_in(rui).get(reverse("reviews:desk", args=[campaign.pk])).content.decode()

    for page in (own, owners):
        assert '<table class="r-table">' in page
        assert "&lt;script&gt;x&lt;/script&gt;" in page
    assert "<strong>Look</strong> twice" in desk
    assert ">1<span" in " ".join(desk.split())  # how many comments the line has


def test_an_owner_answers_where_the_letter_led(campaign, rui, olga, sign_in):
    comment_all(campaign, [1], "Does she need it?", by=rui)
    url = reverse("reviews:say", args=[campaign.pk, 1])

    refused = sign_in(olga).post(url, {"text": ""})
    done = sign_in(olga).post(url, {"text": "Until May"})

    assert refused.status_code == 422
    assert done.status_code == 302
    assert letters(rui) == 1
    assert Comment.objects.filter(by=olga).count() == 1


def test_after_the_end_a_reviewer_reads_and_comments_only(campaign, rui, sign_in):
    Campaign.objects.update(status=Campaign.Status.CLOSED)
    browser = sign_in(rui)

    page = browser.get(reverse("reviews:line", args=[campaign.pk, 1])).content.decode()
    said = browser.post(reverse("reviews:comment", args=[campaign.pk, 1]), {"text": "Was needed"})

    assert 'name="certify"' not in page
    assert "Reassign" not in page
    assert said.status_code == 302
    for name in ("reviews:give", "reviews:submit", "reviews:stand_in"):
        assert browser.get(reverse(name, args=[campaign.pk])).status_code == 409
