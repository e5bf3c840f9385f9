"""Coupa: users, user groups, roles and licences, read through its REST and GraphQL APIs."""

from pathlib import Path

from connectors.contract import Spec
from connectors.drivers.coupa.capabilities import ACTIONS, CAPABILITIES
from connectors.drivers.coupa.driver import open_coupa
from connectors.drivers.coupa.lanes import LANES
from connectors.drivers.coupa.settings import SETTINGS, clean, scopes, source, writes

SPEC = Spec(
    kind="coupa",
    label="Coupa v2",
    badge="Co",
    description="Accounts, groups, roles and licences of a Coupa instance.",
    words=("coupa", "procurement", "procure to pay", "spend", "purchasing", "expenses", "invoices"),
    version="2",
    settings=SETTINGS,
    capabilities=CAPABILITIES,
    actions=ACTIONS,
    client="client_id",
    threads=LANES,
    clean=clean,
    source=source,
    scopes=scopes,
    open=open_coupa,
    writes=writes,
    drawing=Path(__file__).with_name("drawing.svg").read_text(encoding="utf-8"),
    guide=Path(__file__).with_name("guide.md").read_text(encoding="utf-8"),
)
