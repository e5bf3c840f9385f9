"""Workers that are killed while they change an app: all is taken that was to be, and nothing else."""

import json
import random

import pytest

from tests.connectors.test_kill import MAKE_OWNER, Console, closing_by_force
from tests.fakes.coupa.server import FakeCoupa
from tests.valkey import Valkey
from tests.waiting import wait_until

pytestmark = pytest.mark.instance

WANT = """
import json
from connectors.actions import orders
from connectors.models import Connector, Grant
connector = Connector.objects.get()
connector.settings["mode"] = "read-write"
connector.save(update_fields=["settings"])
grants = Grant.objects.here().filter(entitlement__kind__in=("role", "group")).order_by("account", "pk")
wanted = list(grants.select_related("account__app", "entitlement")[5:17])
wishes = [orders.Wish(each.account, each.entitlement, "revoke", "Denied.", each.pk) for each in wanted]
orders.want_many(wishes, by=None)
print(json.dumps([[each.account.external_id, each.entitlement.external_id] for each in wanted]))
"""


class Orders(Console):
    """A console whose orders are tried again at once."""

    def hurry(self) -> None:
        self._sql("UPDATE connectors_provisionorder SET leased_until = NULL, due_at = wanted_at")
        super().hurry()

    def kill_after_requests(self, number: int) -> None:
        until = len(self._fake.requests) + number
        self.hurry()
        with closing_by_force(self.work()):
            wait_until(
                lambda: len(self._fake.requests) >= until or not self.left("wanted", "sent"),
                seconds=60,
                what=f"{number} requests are made",
            )

    def until_proven(self) -> None:
        """The last of them asks for a sync by itself, and that one proves them."""
        self.hurry()
        with closing_by_force(self.work()):
            wait_until(
                lambda: self._swept() and not self.left("wanted", "sent"), seconds=90, what="all is done"
            )
            wait_until(lambda: self._swept() and not self.left("removed"), seconds=90, what="all is proven")

    def left(self, *statuses: str) -> int:
        names = ", ".join(f"'{status}'" for status in statuses)
        found = self._sql(f"SELECT count(*) FROM connectors_provisionorder WHERE status IN ({names})")
        return int(str(found[0][0]))

    def _swept(self) -> bool:
        """Beat would ask for it every ten seconds."""
        self._broker.send_task("connectors.sweep")
        return True


def granted(fake):
    return {(line["account_id"], line["entitlement_id"]) for line in fake.truth() if line["type"] == "grant"}


def test_orders_survive_workers_that_are_killed(tmp_path):
    dice = random.Random(3)
    with Valkey() as valkey, FakeCoupa(users=40, groups=8, roles=6, seed=3, latency=0.01) as fake:
        console = Orders(tmp_path, fake, valkey.url)
        console.manage("shell", "-c", MAKE_OWNER)
        settings = ("--domain", fake.url, "--client-id", fake.client_id)
        console.manage(
            *("connect", "coupa", "--app", "Coupa", "--owner", "nora@meridian.example", *settings),
            typed=fake.client_secret,
        )
        console.finish()
        before = granted(fake)
        wanted = {tuple(pair) for pair in json.loads(console.manage("shell", "-v", "0", "-c", WANT))}
        assert len(wanted) == 12

        for _ in range(4):
            console.kill_after_requests(dice.randint(3, 14))
        console.until_proven()

        assert granted(fake) == before - wanted
        assert console.left("proven") == 12
