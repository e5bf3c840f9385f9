"""`./dev shot`: pictures of every screen, at two widths, light and dark, into .data/shots."""

import itertools
import json
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tests.browser.instance import ROOT, Instance
from tests.browser.launching import TOO_WIDE, launch
from tests.fakes.coupa import FakeCoupa
from tests.fakes.coupa.people import read_people

SHOTS = ROOT / ".data" / "shots"
WIDTHS = (1440, 390)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
COOKIE = "reeve_session"

type Visitor = Literal["known", "late", "stranger"]
"""Somebody signed in, the same an hour after they proved who they are, or nobody."""
HELD = 3  # the exit code of `sync --wait`
FACTS = "from tests.browser import scenes; scenes.tell()"


@dataclass(frozen=True, slots=True)
class Screen:
    """One picture: its file's name, and the path, which may name {connector}, {app} and so on."""

    name: str
    path: str
    visitor: Visitor = "known"


FIRST_RUN = (
    Screen("no_administrator", "/", visitor="stranger"),
    Screen("set_up", "{set_up}", visitor="stranger"),
)
SCREENS = (
    Screen("sign_in", "/sign-in/", visitor="stranger"),
    Screen("password_forgotten", "/password/", visitor="stranger"),
    Screen("home", "/"),
    Screen("invitation", "{invitation}", visitor="stranger"),
    Screen("invitation_old", "{old_invitation}", visitor="stranger"),
    Screen("again", "/sign-in/again/", visitor="late"),
    Screen("people", "/people/"),
    Screen("people_found", "/people/?only=administrators"),
    Screen("person", "/people/{person}/"),
    Screen("person_invited", "/people/{invited}/"),
    Screen("person_edit", "/people/{person}/edit/"),
    Screen("person_roles", "/people/{person}/roles/"),
    Screen("person_deactivate", "/people/{person}/deactivate/"),
    Screen("groups", "/groups/"),
    Screen("group", "/groups/{group}/"),
    Screen("group_edit", "/groups/{group}/edit/"),
    Screen("imports", "/people/imports/"),
    Screen("import", "/people/imports/{import}/"),
    Screen("import_applied", "/people/imports/{applied}/"),
    Screen("invite", "/people/invite/"),
    Screen("profile", "/profile/"),
    Screen("password_change", "/profile/password/"),
    Screen("second_factor", "/profile/second-factor/"),
    Screen("trail", "/trail/"),
    Screen("trail_nothing", "/trail/?q=nothing+like+this"),
    Screen("event", "/trail/{event}/"),
    Screen("downloads", "/downloads/"),
    Screen("settings_organisation", "/settings/organisation/"),
    Screen("settings_sign_in", "/settings/sign-in/"),
    Screen("settings_provider", "/settings/identity-provider/"),
    Screen("settings_mail", "/settings/mail/"),
    Screen("settings_retention", "/settings/retention/"),
    Screen("settings_reviews", "/settings/reviews/"),
    Screen("settings_system", "/settings/system/"),
    Screen("outbox", "/settings/outbox/"),
    Screen("questions", "/applications/questions/"),
    Screen("answer", "/applications/questions/?question=no-owner"),
    Screen("connectors", "/connectors/"),
    Screen("wizard_catalogue", "/connectors/add/"),
    Screen("wizard_app", "/connectors/add/coupa/"),
    Screen("wizard_owners", "/connectors/{draft}/owners/"),
    Screen("wizard_settings", "/connectors/{draft}/settings/"),
    Screen("wizard_files", "/connectors/{files}/settings/"),
    Screen("wizard_live", "/connectors/{connector}/live/"),
    Screen("connector_draft", "/connectors/{draft}/"),
    Screen("connector", "/connectors/{connector}/"),
    Screen("connector_settings", "/connectors/{connector}/settings/"),
    Screen("connector_rename", "/connectors/{connector}/rename/"),
    Screen("connector_schedule", "/connectors/{connector}/schedule/"),
    Screen("connector_kinds", "/connectors/{connector}/resource-types/"),
    Screen("connector_attributes", "/connectors/{connector}/attributes/"),
    Screen("connector_holders", "/connectors/{connector}/owners/holders/"),
    Screen("connector_delete", "/connectors/{connector}/delete/"),
    Screen("connector_guard", "/connectors/{connector}/guard/"),
    Screen("connector_orders", "/connectors/{connector}/orders/"),
    Screen("order_failed", "/connectors/orders/{order_failed}/"),
    Screen("order_manual", "/connectors/orders/{order_manual}/"),
    Screen("order_came_back", "/connectors/orders/{order_came_back}/"),
    Screen("order_asked", "/connectors/orders/{order_asked}/"),
    Screen("order_proven", "/connectors/orders/{order_proven}/"),
    Screen("connector_log", "/connectors/{connector}/?tab=log"),
    Screen("connector_held", "/connectors/{held}/"),
    Screen("wizard_live_held", "/connectors/{held}/live/"),
    Screen("run", "/connectors/runs/{run}/"),
    Screen("run_changes", "/connectors/runs/{first_run}/changes/"),
    Screen("run_requests", "/connectors/runs/{run}/requests/"),
    Screen("run_held", "/connectors/runs/{held_run}/"),
    Screen("run_losses", "/connectors/runs/{held_run}/losses/"),
    Screen("run_losses_grants", "/connectors/runs/{held_run}/losses/?what=grants"),
    Screen("guide", "/guides/coupa/"),
    Screen("guide_file", "/guides/file/"),
    Screen("settings_connectors", "/settings/connectors/"),
    Screen("settings_tags", "/settings/tags/"),
    Screen("settings_tag", "/settings/tags/{tag}/"),
    Screen("apps", "/applications/"),
    Screen("apps_unmanaged", "/applications/?tab=unmanaged"),
    Screen("app", "/applications/{app}/"),
    Screen("app_unmanaged", "/applications/{found}/"),
    Screen("app_new", "/applications/new/"),
    Screen("apps_manage", "/applications/manage/?app={found}"),
    Screen("app_list", "/applications/import/"),
    Screen("app_connectors", "/applications/{app}/connectors/"),
    Screen("app_orders", "/applications/{app}/orders/"),
    Screen("app_orders_none", "/applications/{app}/orders/?q=nobody"),
    Screen("app_timeline", "/applications/{app}/timeline/"),
    Screen("app_owners", "/applications/{app}/owners/"),
    Screen("app_settings", "/applications/{app}/settings/"),
    Screen("app_delete", "/applications/{app}/delete/"),
    Screen("apps_forget", "/applications/forget/?provider=Okta"),
    Screen("app_accounts", "/applications/{app}/accounts/"),
    Screen("app_accounts_narrowed", "/applications/{app}/accounts/?why=email&tick=page"),
    Screen("app_matching", "/applications/{app}/matching/"),
    Screen("accounts_change", "/applications/{app}/accounts/change/?account={account}&do=owner"),
    Screen("ask_removal", "/applications/{app}/accounts/removal/?account={account}"),
    Screen("account", "/applications/{app}/accounts/{account}/"),
    Screen("account_past", "/applications/{app}/accounts/{account}/?tab=past"),
    Screen("account_details", "/applications/{app}/accounts/{account}/?tab=details"),
    Screen("account_timeline", "/applications/{app}/accounts/{account}/?tab=timeline"),
    Screen("app_entitlements", "/applications/{app}/entitlements/"),
    Screen("entitlements_set", "/applications/{app}/entitlements/attributes/?chosen={entitlement}"),
    Screen("entitlement", "/applications/{app}/entitlements/{entitlement}/"),
    Screen("entitlement_now", "/applications/{app}/entitlements/{entitlement}/?tab=now"),
    Screen("entitlement_past", "/applications/{app}/entitlements/{entitlement}/?tab=past"),
    Screen("entitlement_timeline", "/applications/{app}/entitlements/{entitlement}/?tab=timeline"),
    Screen("entitlement_edit", "/applications/{app}/entitlements/{entitlement}/edit/"),
    Screen("app_resources", "/applications/{app}/resources/"),
    Screen("resource", "/applications/{app}/resources/{resource}/"),
    Screen("resource_holders", "/applications/{app}/resources/{resource}/?tab=holders"),
    Screen("resource_timeline", "/applications/{app}/resources/{resource}/?tab=timeline"),
    Screen("resource_edit", "/applications/{app}/resources/{resource}/edit/"),
    Screen("app_rules", "/applications/{app}/rules/"),
    Screen("rule", "/applications/{app}/rules/{rule}/"),
    Screen("rule_add", "/applications/{app}/rules/add/"),
    Screen("rule_edit", "/applications/{app}/rules/{rule}/edit/"),
    Screen("app_changes", "/applications/{app}/changes/"),
    Screen("all_changes", "/applications/changes/"),
    Screen("policies", "/policies/"),
    Screen("policy", "/policies/{policy}/"),
    Screen("policy_old", "/policies/{policy}/?version=1"),
    Screen("policy_tried", "/policies/{policy}/?person={person}&entitlement={entitlement}"),
    Screen("policy_preferred", "/policies/preferred/{app}/"),
    Screen("policy_add", "/policies/add/"),
    Screen("policy_edit", "/policies/{policy}/edit/?rule=1"),
    Screen("campaigns", "/campaigns/"),
    Screen("campaigns_drafts", "/campaigns/?tab=drafts"),
    Screen("campaigns_completed", "/campaigns/?tab=completed"),
    Screen("campaigns_templates", "/campaigns/?tab=templates"),
    Screen("campaign_new", "/campaigns/new/"),
    Screen("draft_scope", "/campaigns/{campaign_draft}/scope/"),
    Screen("scope_entitlement", "/campaigns/{campaign_draft}/scope/entitlements/{scoped}/"),
    Screen("draft_reviewers", "/campaigns/{campaign_draft}/reviewers/"),
    Screen("draft_data", "/campaigns/{campaign_draft}/data/"),
    Screen("draft_settings", "/campaigns/{campaign_draft}/settings/"),
    Screen("draft_schedule", "/campaigns/{campaign_draft}/schedule/"),
    Screen("draft_instructions", "/campaigns/{campaign_draft}/instructions/"),
    Screen("draft_validate", "/campaigns/{campaign_draft}/validate/"),
    Screen("campaign_owners", "/campaigns/{campaign_draft}/owners/"),
    Screen("campaign_duplicate", "/campaigns/{campaign_draft}/duplicate/"),
    Screen("campaign_template", "/campaigns/{campaign_draft}/template/"),
    Screen("campaign_staged", "/campaigns/{campaign}/"),
    Screen("campaign_cancel", "/campaigns/{campaign}/cancel/"),
    Screen("template", "/campaigns/templates/{campaign_template}/"),
    Screen("template_scope", "/campaigns/templates/{campaign_template}/scope/"),
    Screen("template_settings", "/campaigns/templates/{campaign_template}/settings/"),
    Screen("template_course", "/campaigns/templates/{campaign_template}/schedule/"),
    Screen("running", "/campaigns/{running}/"),
    Screen("running_data", "/campaigns/{running}/counts/"),
    Screen("running_removals", "/campaigns/{running}/removals/"),
    Screen("signed_off", "/campaigns/{signed_off}/sign-off/"),
    Screen("evidence", "/campaigns/{signed_off}/evidence/"),
    Screen("reviews", "/reviews/"),
    Screen("desk", "/reviews/{review}/"),
    Screen("desk_app", "/reviews/{review}/?view=app"),
    Screen("desk_entitlement", "/reviews/{review}/?view=entitlement"),
    Screen("desk_resource", "/reviews/{review}/?view=resource"),
    Screen("desk_stand_in", "/reviews/{review}/stand-in/"),
    Screen("desk_comment", "/reviews/{review}/comment/?line=1&line=2"),
    Screen("desk_list", "/reviews/{review}/?view=flat&show=all"),
    Screen("desk_line", "/reviews/{review}/lines/2/"),
    Screen("desk_submit", "/reviews/{review}/submit/"),
    Screen("desk_submissions", "/reviews/{review}/submissions/"),
    Screen("desk_give", "/reviews/{review}/give/?line=1&line=2"),
    Screen("removals", "/campaigns/{campaign_removed}/removals/"),
    Screen("removal_last_role", "/reviews/removals/{removal}/"),
    Screen("my_removals", "/reviews/removals/"),
    Screen("lines_denied", "/campaigns/{campaign_removed}/tasks/?status=denied"),
    Screen("line_denied", "/campaigns/{campaign_removed}/tasks/{unremoved}/"),
    Screen("not_found", "/nowhere/"),
)


def main(names: Collection[str] = ()) -> int:
    """Of every screen, or of those with these names; 1 if one can be moved sideways."""
    if not names:
        shutil.rmtree(SHOTS, ignore_errors=True)
    SHOTS.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder)) as instance,
        sync_playwright() as playwright,
        launch(playwright) as browser,
    ):
        set_up = {"set_up": instance.setup_link.removeprefix(instance.url)}
        Camera(browser, instance.url).shoot(FIRST_RUN, set_up)
        facts = json.loads(told(instance, "shell", "-v", "0", "-c", FACTS))
        sessions: Mapping[Visitor, str] = {"known": facts["session"], "late": facts["late_session"]}
        wanted = [screen for screen in SCREENS if not names or screen.name in names]
        too_wide = Camera(browser, instance.url, sessions).shoot(wanted, facts)
    print(f"{len(list(SHOTS.iterdir()))} pictures in {SHOTS.relative_to(ROOT)}")
    for sentence in dict.fromkeys(too_wide):
        print(sentence, file=sys.stderr)
    return 1 if too_wide else 0


@contextmanager
def demo(folder: Path) -> Iterator[Instance]:
    """The demo company with its pretend Coupa connected and synced, and another whose last sync is held."""
    instance = Instance(folder)
    people = folder / "people.jsonl"
    told(instance, "migrate", "--verbosity", "0")
    told(instance, "load_demo", "--people-file", str(people), "--with-reviews")
    with (
        FakeCoupa(users=400, groups=24, roles=16, people=read_people(people)) as fake,
        FakeCoupa(users=80, groups=8, roles=6, seed=2) as other,
    ):
        instance.environment["CONNECTOR_HOSTS"] = f"{fake.url},{other.url}"
        with instance:
            connected(instance, fake, "Coupa")
            held(instance, other, "Coupa Iberia")
            yield instance


def connected(instance: Instance, fake: FakeCoupa, app: str) -> str:
    """The id of a connector of a new app that was synced, and that two people look after."""
    people = ("rafael.duarte@meridian.example", "marcus.adeyemi@meridian.example")
    owners = [word for person in people for word in ("--owner", person)]
    there = ("--domain", fake.url, "--client-id", fake.client_id)
    said = told(instance, "connect", "coupa", "--app", app, *owners, *there, stdin=fake.client_secret)
    connector = said.splitlines()[-1]
    told(instance, "sync", connector, "--counted", "--wait", "--timeout", "120")
    return connector


def held(instance: Instance, fake: FakeCoupa, app: str) -> None:
    """The same, and then half of its users were missing."""
    connector = connected(instance, fake, app)
    for identity in list(fake.tenant.order)[40:]:
        fake.remove_user(str(identity))
    done = instance.manage("sync", connector, "--wait", "--timeout", "120")
    if done.returncode != HELD:
        raise RuntimeError(f"The sync was not held: {done.stdout}{done.stderr}")


def told(instance: Instance, *command: str, stdin: str = "") -> str:
    """What a command printed; one that fails ends all."""
    done = instance.manage(*command, stdin=stdin)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


@dataclass(frozen=True, slots=True)
class Camera:
    """Visits every screen as whoever it wants."""

    browser: Browser
    url: str
    sessions: Mapping[Visitor, str] = field(default_factory=dict)

    def shoot(self, screens: Sequence[Screen], facts: Mapping[str, str]) -> list[str]:
        """Every screen, at every width, in both schemes; answers what is too wide. A broken one ends all."""
        too_wide = []
        for width, scheme in itertools.product(WIDTHS, SCHEMES):
            visitors = {who: self._visitor(who, width, scheme) for who in ("stranger", *self.sessions)}
            for screen in screens:
                page = visitors[screen.visitor].new_page()
                answer = page.goto(self.url + screen.path.format(**facts))
                if answer is None or answer.status >= 500:
                    raise RuntimeError(f"{screen.name} is broken.")
                if page.evaluate(TOO_WIDE):
                    too_wide.append(f"{screen.name} is wider than {width} px.")
                page.screenshot(path=SHOTS / f"{screen.name}_{width}_{scheme}.png", full_page=True)
                page.close()
        return too_wide

    def _visitor(self, who: Visitor, width: int, scheme: Literal["light", "dark"]) -> BrowserContext:
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, locale="en-GB"
        )
        if who in self.sessions:
            context.add_cookies([{"name": COOKIE, "value": self.sessions[who], "url": self.url}])
        return context


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
