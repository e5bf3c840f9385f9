"""The pages of policies: list, page, builder; each without script."""

import re
from typing import Any

import pytest
from django.urls import reverse

from connectors.models import Tag
from core.http import sessions
from core.models import Membership, PeopleGroup, Role, User
from reviews.actions import policies
from reviews.actions.policies import PolicyFacts
from reviews.models import Policy, PolicyVersion
from tests.make import make_app, make_entitlement, make_user
from tests.reviews.making import make_campaign, make_policy

LIST = reverse("reviews:policies")
ADD = reverse("reviews:add_policy")
BY_RISK: dict[str, Any] = {
    "rules": [
        {
            "name": "Grave",
            "condition": {"all": [{"field": "entitlement.risk", "is": "in", "values": ["High", "Critical"]}]},
            "steps": [
                {"kind": "manager", "fallback": {"kind": "app_owner"}},
                {"kind": "app_owner", "clean": True},
            ],
        },
        {"name": "Everything else", "condition": None, "steps": [{"kind": "manager"}]},
    ],
    "removes": True,
}


@pytest.fixture
def hugo(db):
    return make_user("Hugo Brandt", Role.CAMPAIGN, Role.BASIC)


@pytest.fixture
def policy(hugo):
    return policies.create(PolicyFacts("By risk", "For Coupa", BY_RISK), by=hugo)


def url(name: str, policy: Policy) -> str:
    return reverse(f"reviews:{name}", args=[policy.pk])


def form_of(page: str) -> dict[str, Any]:
    """What a browser would send of the builder, its buttons left out."""
    body = page[page.index('<form class="r-stack') :]
    sent: dict[str, Any] = {}
    for tag in re.findall(r"<input[^>]*>", body):
        found = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        is_box = found.get("type") == "checkbox"
        if "name" in found and (not is_box or " checked" in tag):
            value = found.get("value", "on" if is_box else "")
            sent.setdefault(found["name"], []).append(value)
    for name, inner in re.findall(r'<select[^>]*name="([^"]+)"[^>]*>(.*?)</select>', body, re.DOTALL):
        picked = re.search(r'<option value="([^"]*)" selected', inner) or re.search(
            r'<option value="([^"]*)"', inner
        )
        assert picked is not None
        sent[name] = [picked[1]]
    for name, inner in re.findall(r'<textarea[^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', body, re.DOTALL):
        sent[name] = [inner.strip()]
    return sent


def test_the_list_says_what_each_policy_says_and_what_uses_it(hugo, policy, sign_in):
    make_campaign("Q4", policy=policy)

    page = sign_in(hugo).get(LIST).content.decode()

    assert "By risk" in page
    assert (
        "If the risk is High or Critical: the manager of the account&#x27;s owner, then an owner of the app"
        in page
    )
    assert "Otherwise: the manager of the account&#x27;s owner." in page
    assert "1 campaign" in page


def test_the_list_costs_the_same_whatever_its_length(hugo, policy, sign_in, django_assert_max_num_queries):
    for number in range(12):
        policies.create(PolicyFacts(f"Policy {number}", "", BY_RISK), by=hugo)
    browser = sign_in(hugo)
    browser.get(LIST)

    with django_assert_max_num_queries(22):
        browser.get(LIST)


def test_a_policy_is_built_without_script_and_saved_as_its_first_version(hugo, sign_in, trail):
    Tag.objects.get_or_create(kind=Tag.Kind.RISK, name="High", defaults={"rank": 3})
    browser = sign_in(hugo)

    form = form_of(browser.get(ADD).content.decode())
    form |= {"name": "Finance", "do": "insert:0"}
    form = form_of(browser.post(ADD, form).content.decode())
    form |= {"r0-name": "Grave", "r0-new": "entitlement.risk", "do": "and:0"}
    form = form_of(browser.post(ADD, form).content.decode())
    form |= {"r0-g0-t0-values": ["High"], "r0-g0-new": "account.owner", "do": "or:0:0"}
    form = form_of(browser.post(ADD, form).content.decode())
    form |= {"r0-g0-t1-is": "missing", "do": "step:0"}
    form = form_of(browser.post(ADD, form).content.decode())
    form |= {"r0-s1-kind": "app_owner", "r0-s1-clean": "on", "save": "1"}
    reply = browser.post(ADD, form)

    made = Policy.objects.get(name="Finance")
    assert reply.headers["Location"] == url("policy", made)
    grave, rest = made.latest().content["rules"]
    assert grave["name"] == "Grave"
    assert grave["condition"] == {
        "all": [
            {
                "any": [
                    {"field": "entitlement.risk", "is": "in", "values": ["High"]},
                    {"field": "account.owner", "is": "missing", "values": []},
                ]
            }
        ]
    }
    assert [step["kind"] for step in grave["steps"]] == ["manager", "app_owner"]
    assert grave["steps"][1]["clean"]
    assert rest["condition"] is None
    assert trail() == ["policies.made"]


def test_the_builder_gives_back_what_is_saved(hugo, policy, sign_in):
    browser = sign_in(hugo)
    form = form_of(browser.get(url("edit_policy", policy)).content.decode())

    browser.post(url("edit_policy", policy), form | {"save": "1"})
    first = policy.versions.count()
    browser.post(
        url("edit_policy", policy),
        form_of(browser.get(url("edit_policy", policy)).content.decode()) | {"save": "1"},
    )

    rules = policy.latest().content["rules"]
    assert rules[0]["condition"] == BY_RISK["rules"][0]["condition"]
    assert rules[0]["steps"][0]["fallback"]["kind"] == "app_owner"
    assert policy.versions.count() == first


@pytest.mark.parametrize(
    "button", ["insert:0", "copy:0", "rule_down:0", "and:0", "step:0", "drop_rule:0", "look"]
)
def test_a_button_of_the_builder_writes_nothing_and_loses_nothing(hugo, policy, sign_in, button, trail):
    browser = sign_in(hugo)
    form = form_of(browser.get(url("edit_policy", policy)).content.decode())
    told = trail()

    reply = browser.post(
        url("edit_policy", policy),
        form | {"name": "Typed name", "r0-new": "entitlement.risk", "do": button},
    )

    assert reply.status_code == 200
    assert "Typed name" in reply.content.decode()
    assert trail() == told
    assert policy.versions.count() == 1


def test_rules_are_moved_copied_and_taken_out_but_the_last_stays_last(hugo, policy, sign_in):
    browser = sign_in(hugo)
    edit = url("edit_policy", policy)

    def press(form: dict[str, Any], button: str) -> dict[str, Any]:
        return form_of(browser.post(edit, form | {"do": button}).content.decode())

    def names(form: dict[str, Any]) -> list[str]:
        found: list[str] = []
        while f"r{len(found)}-name" in form:
            found += form[f"r{len(found)}-name"]
        return found

    form = form_of(browser.get(edit).content.decode())
    form = press(form, "copy:0")
    assert names(form) == ["Grave, copy", "Grave", "Everything else"]
    form = press(form, "rule_down:0")
    assert names(form) == ["Grave", "Grave, copy", "Everything else"]
    form = press(form, "rule_down:1")
    assert names(form) == ["Grave", "Grave, copy", "Everything else"]
    form = press(form, "drop_rule:2")
    assert names(form) == ["Grave", "Grave, copy", "Everything else"]
    form = press(form, "drop_rule:0")
    assert names(form) == ["Grave, copy", "Everything else"]
    assert names(press(form, "copy:99")) == ["Grave, copy", "Everything else"]
    assert names(press(form, "rm:-rf")) == ["Grave, copy", "Everything else"]


def test_people_are_picked_without_script(hugo, policy, sign_in):
    grace = make_user("Grace Kim", Role.BASIC)
    browser, edit = sign_in(hugo), url("edit_policy", policy)
    form = form_of(browser.get(edit).content.decode())

    found = browser.post(
        edit, form | {"r1-s0-kind": "people", "r1-s0-people_words": "grace", "r1-s0-people_find": "1"}
    ).content.decode()
    assert f'value="{grace.pk}"' in found
    browser.post(edit, form_of(found) | {"r1-s0-people": [grace.pk], "save": "1"})

    assert policy.latest().content["rules"][1]["steps"][0]["people"] == [grace.pk]
    assert "Otherwise: Grace Kim." in browser.get(url("policy", policy)).content.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "manager"}, "There is a policy called"),
        ({"r0-name": ""}, "Give the rule a name."),
        ({"r0-g0-t0-values": []}, "Say which values"),
        ({"r0-g0-t0-values": ["Hihg"]}, "Nothing here is called Hihg now."),
        ({"r1-s0-kind": "people"}, "Name at least one person."),
        ({"r1-s0-kind": "group"}, "Choose the group."),
        ({"r1-s0-kind": "group", "r1-s0-group": "0"}, "This group is not known here"),
        ({"r1-s0-kind": "people", "r1-s0-people": ["0"]}, "One of the people chosen is not known here"),
        ({"r1-s0-kind": "account_owner"}, "Nobody has the last word on their own access"),
        ({"r1-s0-may_self_review": "on"}, "Nobody has the last word on their own access"),
        ({"r1-s0-after_days": "soon"}, "A number of days"),
        ({"r1-s0-after_days": "7"}, "Say both after how many days"),
        ({"r1-s0-kind": "nobody"}, "One of these is expected here"),
    ],
)
def test_a_mistake_is_said_where_it_is_and_nothing_is_lost(hugo, policy, sign_in, typed, sentence):
    make_policy("Manager")
    browser, edit = sign_in(hugo), url("edit_policy", policy)
    form = form_of(browser.get(edit).content.decode()) | {"description": "Typed all the same"}

    reply = browser.post(edit, form | typed | {"save": "1"})

    page = reply.content.decode()
    assert reply.status_code == 422
    assert sentence in page
    assert "Typed all the same" in page
    assert policy.versions.count() == 1


def test_a_rule_without_a_condition_is_refused(hugo, policy, sign_in):
    browser, edit = sign_in(hugo), url("edit_policy", policy)
    form = form_of(browser.get(edit).content.decode())
    form = form_of(browser.post(edit, form | {"do": "insert:0"}).content.decode())

    reply = browser.post(edit, form | {"save": "1"})

    assert reply.status_code == 422
    assert "Say when this rule applies" in reply.content.decode()


def test_a_stale_form_is_answered_with_both_sides(hugo, policy, sign_in):
    browser, edit = sign_in(hugo), url("edit_policy", policy)
    form = form_of(browser.get(edit).content.decode())
    other = {**BY_RISK, "removes": False}
    policies.change(policy, PolicyFacts("Renamed", "", other), by=hugo, seen=policy.changed_at)

    reply = browser.post(edit, form | {"name": "By risk, too", "save": "1"})

    page = reply.content.decode()
    assert reply.status_code == 409
    assert "By risk, too" in page
    assert "Renamed" in page
    assert "is not taken away" in page
    again = browser.post(edit, form_of(page) | {"save": "1"})
    assert again.headers["Location"] == url("policy", policy)
    policy.refresh_from_db()
    assert policy.name == "By risk, too"


def test_saving_wants_a_fresh_sign_in_and_building_does_not(hugo, policy, sign_in):
    browser, edit = sign_in(hugo), url("edit_policy", policy)
    form = form_of(browser.get(edit).content.decode())
    session = browser.session
    session[sessions.PROVEN] = sessions.seconds() - 3600
    session.save()

    redrawn = browser.post(edit, form | {"do": "step:0"})
    refused = browser.post(edit, form | {"name": "Too late", "save": "1"})

    assert redrawn.status_code == 200
    assert "/sign-in/again/" in refused.headers["Location"]
    session = browser.session
    session[sessions.PROVEN] = sessions.seconds()
    session.save()
    held = re.search(r"held=([\w-]+)", refused.headers["Location"])
    assert held is not None
    assert browser.post(edit, {"held": held[1]}).headers["Location"] == url("policy", policy)
    assert Policy.objects.get(pk=policy.pk).name == "Too late"


def test_an_older_version_stays_readable(hugo, policy, sign_in):
    other = {"rules": [BY_RISK["rules"][1]], "removes": True}
    policies.change(policy, PolicyFacts("By risk", "", other), by=hugo, seen=policy.changed_at)
    browser = sign_in(hugo)

    now, then = browser.get(url("policy", policy)), browser.get(url("policy", policy), {"version": "1"})

    assert "High or Critical" not in now.content.decode()
    assert "High or Critical" in then.content.decode()
    assert "This is version 1" in then.content.decode()


def test_what_can_no_longer_answer_is_said(hugo, sign_in):
    gone = make_user("Paul Roy", status=User.Status.DEACTIVATED)
    empty = PeopleGroup.objects.create(name="Approvers")
    full = PeopleGroup.objects.create(name="Everybody")
    crowd = [make_user(f"Person {number}") for number in range(129)]
    Membership.objects.bulk_create(Membership(group=full, person=person) for person in crowd)
    steps = [
        {"kind": "people", "people": [gone.pk]},
        *({"kind": "group", "group": each.pk} for each in (empty, full)),
    ]
    rules = [{"name": "All", "condition": None, "steps": steps}]
    policy = policies.create(PolicyFacts("Flags", "", {"rules": rules, "removes": True}), by=hugo)

    page = sign_in(hugo).get(url("policy", policy)).content.decode()

    assert "Paul Roy is deactivated and is not asked." in page
    assert "Nobody active is in Approvers: its step falls back." in page
    assert "Everybody has 129 people" in page


def test_a_built_in_policy_is_copied_not_edited_and_lets_its_removal_be_switched(hugo, sign_in):
    policy = make_policy("Manager", built_in="manager")
    browser = sign_in(hugo)

    assert browser.get(url("edit_policy", policy)).status_code == 409
    assert browser.post(url("retire_policy", policy)).status_code == 409
    copy = browser.post(url("duplicate_policy", policy))
    browser.post(url("follow_denials", policy), {"removes": "no"})

    own = Policy.objects.get(built_in="")
    assert own.name == "Manager, copy"
    assert copy.headers["Location"] == url("edit_policy", own)
    assert policy.latest().content["removes"] is False
    assert policy.latest().number == 2


def test_the_tester_works_by_words_and_by_keys(hugo, policy, sign_in):
    grace, tom = make_user("Grace Kim", Role.BASIC), make_user("Tom Okafor", Role.BASIC)
    grace.managers.add(tom)
    app = make_app("Coupa")
    buyer, seller = make_entitlement(app, "Buyer of paper"), make_entitlement(app, "Buyer of ink")
    browser, page = sign_in(hugo), url("policy", policy)

    several = browser.get(page, {"who": "grace", "what": "buyer"}).content.decode()
    one = browser.get(page, {"who": "grace", "what": "buyer", "entitlement": seller.pk}).content.decode()
    linked = browser.get(page, {"person": grace.pk, "entitlement": buyer.pk}).content.decode()
    nothing = browser.get(page, {"who": "zzz", "what": "zzz", "entitlement": "'--", "version": "x"})

    assert "Buyer of paper" in several
    assert "Buyer of ink" in several
    assert "Tom Okafor" not in several
    assert "Tom Okafor" in one
    assert "Tom Okafor" in linked
    assert "Buyer of paper" in linked
    assert "Nobody here is called that." in nothing.content.decode()


def test_values_of_the_data_are_offered(hugo, policy, sign_in):
    make_entitlement(make_app("Coupa"), "Invoice approver")
    browser, edit = sign_in(hugo), url("edit_policy", policy)
    form = form_of(browser.get(edit).content.decode()) | {"r0-new": "entitlement.name", "do": "and:0"}

    page = browser.post(edit, form).content.decode()

    assert '<option value="Invoice approver">' in page
    form = form_of(page) | {"r0-g1-t0-add": "Invoice approver", "save": "1"}
    assert browser.post(edit, form).status_code == 302
    parts = policy.latest().content["rules"][0]["condition"]["all"]
    assert parts[1] == {"field": "entitlement.name", "is": "in", "values": ["Invoice approver"]}


def test_the_digest_is_of_the_canonical_content(policy):
    version = PolicyVersion.objects.get(policy=policy)

    assert len(version.digest) == 64
