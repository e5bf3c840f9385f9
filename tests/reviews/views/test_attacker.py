"""Somebody with a role tries every address of the product, with plausible and with forged words.

Afterwards nobody has decided on their own access, nothing that was staged is gone or changed, and nothing is
to be taken away that nobody denied. That no GET writes anything is said by tests/permissions, for every role.
"""

import importlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import pytest
from django.db import models, transaction
from django.test import Client
from django.urls import reverse

from connectors.models import App, ProvisionOrder
from core.models import Role, TrailEvent, User
from reviews import jobs
from reviews.models import (
    Campaign,
    Comment,
    Decision,
    Instructions,
    Look,
    PolicyVersion,
    PopulationSource,
    Removal,
    Report,
    ReviewTask,
    SampledLine,
    Scope,
    Submission,
    Turn,
)
from tests.permissions.asking import Request
from tests.permissions.test_matrix import NAMES, everyone, requests, set_up_link
from tests.reviews.attacking import Attacked, Attempt, attempts, everything, laid_out, plausible

__all__ = ["everyone", "requests", "set_up_link"]
guard = importlib.import_module("reviews.migrations.0002_what_was_decided_stays")
FROZEN: Mapping[type[models.Model], Sequence[str]] = {
    ReviewTask: guard.FROZEN[guard.LINES],
    PopulationSource: guard.FROZEN[guard.SOURCES],
    Campaign: ("lines", "digest", "bridge", "frozen_at", "staged_at", "policy_version_id", "scope_id"),
    Scope: tuple(field.attname for field in Scope._meta.concrete_fields),
}
KEPT: Sequence[type[models.Model]] = (
    *(Campaign, ReviewTask, Turn, Decision, Submission, Removal, Comment, PopulationSource, Instructions),
    *(PolicyVersion, SampledLine, Look, Report, ProvisionOrder, TrailEvent),
)
IN_REVIEWS = [name for name in NAMES if name.startswith("reviews:")]
"""For Basic Users who are more only in a campaign; another one walks everywhere."""
POWERLESS = {"read_only", "deactivated"}
"""Whatever they are asked, they decide nothing."""


class Before:
    """What has to be there afterwards as it is now."""

    def __init__(self) -> None:
        staged = Campaign.objects.exclude(status="draft").values("pk")
        self._within: dict[type[models.Model], dict[str, Any]] = {
            Campaign: {"pk__in": list(staged.values_list("pk", flat=True))},
            Scope: {"campaign__in": list(staged.values_list("pk", flat=True))},
            Instructions: {"campaign__in": list(staged.values_list("pk", flat=True))},
        }
        self.orders = set(ProvisionOrder.objects.values_list("pk", flat=True))
        self.decisions = set(Decision.objects.values_list("pk", flat=True))
        self._keys = {table: self._of(table, "pk") for table in KEPT}
        self._frozen = {table: self._of(table, "pk", *names) for table, names in FROZEN.items()}

    def _of(self, table: type[models.Model], *names: str) -> set[str]:
        rows = table._default_manager.filter(**self._within.get(table, {}))
        return {repr(row) for row in rows.values_list(*names)}

    def is_kept(self) -> None:
        for table in KEPT:
            assert self._keys[table] <= self._of(table, "pk"), f"Rows of {table.__name__} are gone."
        for table, names in FROZEN.items():
            assert self._frozen[table] <= self._of(table, "pk", *names), f"{table.__name__} was changed."


def send(browser: Client, attempt: Attempt) -> int:
    url = reverse(attempt.name, args=attempt.args)
    return browser.post(
        url, {name: value for name, value in attempt.typed.items() if value is not None}
    ).status_code


def work(world: Attacked) -> None:
    """What workers then do."""
    for campaign in world.campaigns.values():
        jobs.order_removals(campaign.pk)
        jobs.close(campaign.pk)
    for order in ProvisionOrder.objects.values_list("pk", flat=True):
        jobs.follow_order(order)


def decides_on_nothing_of_their_own(person: User, own: frozenset[int], before: Before) -> int:
    """Answers how many lines of others they decided, being asked."""
    made = Decision.objects.filter(by=person).exclude(pk__in=before.decisions)
    assert not made.filter(task__in=own).exists()
    asked = Turn.objects.filter(reviewer=person).values("task")
    unasked = made.exclude(task__in=asked).exclude(task__decisions__in=before.decisions)
    assert not unasked.exists()
    of_own = Removal.objects.filter(task__in=own)
    assert not of_own.filter(confirmed_by=person).exists()
    assert not of_own.filter(excepted_by=person).exists()
    assert not any(each.lookback for each in of_own)
    assert not Look.objects.filter(sampled__task__in=own, by=person).exists()
    return made.count()


def orders_only_what_was_denied(person: User, before: Before) -> int:
    """A new order has a denied line behind it, follows an older one, or who asked for it may. How many."""
    asks_anything = person.is_super or person.has_role(Role.HELPDESK)
    may = App.objects.all() if asks_anything else App.objects.owned_by(person)
    new = ProvisionOrder.objects.exclude(pk__in=before.orders)
    for order in new:
        denied = order.removals.filter(task__status="denied").exists()
        pair = ProvisionOrder.objects.filter(account=order.account_id, entitlement=order.entitlement_id)
        follows = pair.filter(pk__in=before.orders).exists()
        asked = order.wanted_by == person and may.filter(pk=order.app_id).exists()
        gives_up = order.wanted_by == person and order.account.person_id == person.pk
        manages = order.wanted_by == person and person.reports.filter(pk=order.account.person_id).exists()
        assert denied or follows or asked or gives_up or manages, f"{order}, wanted by {order.wanted_by}"
    return new.count()


def walked(
    world: Attacked, who: str, names: Sequence[str], requests: Mapping[str, Request]
) -> Iterator[Attempt]:
    """All that this person tries, one after the other."""
    person = world.people[who]
    yield from attempts(world, person)
    yield from (plausible(name, requests) for name in names)
    yield from everything(world.campaigns["Running"], person)


@pytest.mark.parametrize("half", [0, 1])  # for two workers
def test_nobody_who_tries_every_address_decides_on_their_own_access_or_takes_a_row_away(
    half: int,
    requests: dict[str, Request],
    everyone: Mapping[str, User | None],
    sign_in: Callable[[User | None], Client],
):
    world, before = laid_out(everyone), Before()
    only_looked_at: set[str] = set()
    decided, ordered = {}, 0
    for who, person in list(world.people.items())[half::2]:
        own = world.own(person)
        assert len(own) == 4 * len(world.campaigns)
        names = [name for name in (NAMES if who in everyone else IN_REVIEWS) if name not in only_looked_at]
        with transaction.atomic():
            browser = sign_in(person)
            for attempt in walked(world, who, names, requests):
                with transaction.atomic():
                    if send(browser, attempt) == HTTPStatus.METHOD_NOT_ALLOWED:
                        only_looked_at.add(attempt.name)
            work(world)
            before.is_kept()
            decided[who] = decides_on_nothing_of_their_own(person, own, before)
            ordered += orders_only_what_was_denied(person, before)
            transaction.set_rollback(True)
    assert {who for who, number in decided.items() if not number} == POWERLESS & decided.keys()
    assert ordered
