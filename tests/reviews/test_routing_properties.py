"""Over made-up organisations, whatever happens in whatever order: nobody decides on their own access, and no
line is without a reviewer unless it is said who was thought of and why they cannot be asked."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from reviews.routing import (
    Asked,
    Directory,
    Earlier,
    Group,
    LineFacts,
    Nobody,
    Person,
    Tie,
    asked,
    every_step,
    follows,
    given_to,
    identity_keys,
    is_subject,
    parse,
    step_at,
)

PEOPLE = ["ann", "bob", "cleo", "dan", "eve", "finn"]
KINDS = ["manager", "app_owner", "entitlement_owner", "resource_owner"]

some = st.lists(st.sampled_from(PEOPLE), unique=True, max_size=3)
one = st.sampled_from(PEOPLE)


@st.composite
def steps(draw, *, is_last):
    kinds = [*KINDS, "people", "group", *([] if is_last else ["account_owner"])]
    kind = draw(st.sampled_from(kinds))
    fallback = {"people": draw(some), "kind": draw(st.sampled_from(["", *KINDS]))}
    return {
        "kind": kind,
        "people": draw(some.filter(bool)) if kind == "people" else [],
        "group": "g" if kind == "group" else "",
        "fallback": fallback,
        "may_delegate": draw(st.booleans()),
        "may_self_review": False if is_last else draw(st.booleans()),
        "distinct": draw(st.booleans()),
        "clean": draw(st.booleans()),
    }


@st.composite
def policies(draw):
    more = draw(st.lists(steps(is_last=False), max_size=2))
    rule = {"name": "All", "condition": None, "steps": [*more, draw(steps(is_last=True))]}
    return parse({"rules": [rule]})


@st.composite
def directories(draw):
    """People who may share a number or have left; managers, owners and delegates at random, rings too."""
    numbers = draw(st.lists(st.sampled_from(["", "", "1", "2"]), min_size=6, max_size=6))
    people = {}
    for name, number in zip(PEOPLE, numbers, strict=True):
        people[name] = Person(
            name,
            name.capitalize(),
            identity_keys(employee_id=number, email=f"{name}@x.example"),
            is_active=draw(st.integers(0, 4)) > 0,
            may_act=draw(st.integers(0, 6)) > 0,
        )
    for name, number in zip(PEOPLE, numbers, strict=True):  # as the directory closes them
        if number:
            doubles = [p for p, n in zip(PEOPLE, numbers, strict=True) if n == number]
            keys = frozenset().union(*(people[each].keys for each in doubles))
            people[name] = replace(people[name], keys=keys)
    pairs = st.dictionaries(one, one, max_size=4)
    return Directory(
        people=people,
        managers={name: tuple(p for p in draw(some) if p != name) for name in PEOPLE},
        app_owners={"app": tuple(draw(some))},
        entitlement_owners={"ent": tuple(draw(some))},
        resource_owners={"res": tuple(draw(some))},
        groups=draw(st.sampled_from([{}, {"g": Group("Desk", tuple(draw(some)))}])),
        delegates={a: b for a, b in draw(pairs).items() if a != b},
        campaign_owners=tuple(draw(some)),
        administrators=tuple(draw(some)),
        control_owner=draw(st.sampled_from(["", *PEOPLE])),
        holders={"ent": frozenset(draw(some))},
        granters={("acc", "ent"): frozenset(draw(some))},
        asked_about=frozenset((a, b) for a, b in draw(pairs).items()),
    )


@st.composite
def lines(draw):
    owner = draw(st.sampled_from(["", *PEOPLE]))
    now = draw(st.sampled_from([owner, owner, "", *PEOPLE]))
    keys = identity_keys()
    if not now:
        keys = draw(
            st.sampled_from(
                [
                    keys,
                    identity_keys(email="Ann@X.example"),
                    identity_keys(login=" bob@x.example"),
                    identity_keys(employee_id="1"),
                ]
            )
        )
    return LineFacts(
        app="app",
        account="acc",
        entitlement="ent",
        resource="res",
        person=owner,
        owner_now=now,
        account_keys=keys,
        is_grave=draw(st.booleans()),
    )


changes = st.lists(
    st.one_of(
        st.tuples(st.just("leave"), one),
        st.tuples(st.just("double"), one, one),
        st.tuples(st.just("delegate"), one, one),
        st.tuples(st.just("own"), one),
        st.tuples(st.just("give"), one),
        st.tuples(st.just("certify"), st.integers(0, 5)),
    ),
    max_size=8,
)


class Desk:
    """What the verbs do to one line, without the rows: who is asked now, and who certified before."""

    def __init__(self, policy, line, directory):
        self.policy, self.line, self.directory = policy, line, directory
        self.step, self.earlier, self.is_settled = 1, [], False
        self.enter()

    def enter(self):
        found = asked(self.policy, self.line, self.step, self.directory, self.earlier, rule=1)
        self.nobody = found if isinstance(found, Nobody) else None
        self.open = {each.reviewer: each for each in found.people} if isinstance(found, Asked) else {}

    @property
    def rule_of_step(self):
        return step_at(self.policy, 1, self.step)

    def change(self, name, *who):
        getattr(self, name)(*who)
        if not self.is_settled:
            self.route_anew()

    def route_anew(self):
        """As the news and the sweeper have it: whoever may not decide any longer is not asked any longer."""
        may_be_subject = self.rule_of_step.lets_subjects_in
        self.open = {
            person: asking
            for person, asking in self.open.items()
            if self.directory.people[person].is_active
            and (may_be_subject or not is_subject(person, self.line, self.directory))
        }
        if not self.open:
            self.enter()

    def leave(self, person):
        gone = replace(self.directory.people[person], is_active=False)
        self.directory = replace(self.directory, people={**self.directory.people, person: gone})

    def double(self, person, other):
        """They come to share an employee ID."""
        people = dict(self.directory.people)
        keys = people[person].keys | people[other].keys
        people |= {each: replace(people[each], keys=keys) for each in (person, other)}
        self.directory = replace(self.directory, people=people)

    def delegate(self, person, other):
        if person != other:
            self.directory = replace(self.directory, delegates={**self.directory.delegates, person: other})

    def own(self, person):
        self.line = self.line._replace(owner_now=person, account_keys=frozenset())

    def give(self, person):
        if not self.open or self.is_settled:
            return
        found = given_to(person, self.rule_of_step, self.line, self.directory, self.earlier)
        if not isinstance(found, str):
            self.open = {found.reviewer: found}

    def certify(self, number):
        """One of those asked submits; refused where the access became their own."""
        if not self.open or self.is_settled:
            return
        asking = list(self.open.values())[number % len(self.open)]
        is_own = is_subject(asking.reviewer, self.line, self.directory)
        if is_own and not self.rule_of_step.lets_subjects_in:
            return
        if is_own:
            assert self.step < len(self.policy.rules[0].steps), "nobody has the last word on their own access"
        self.earlier.append(Earlier(asking.reviewer, bool(asking.ties)))
        is_tied = all(each.is_tied for each in self.earlier)
        if follows(self.policy, 1, self.step, is_grave=self.line.is_grave, is_tied=is_tied):
            self.step += 1
            self.enter()
        else:
            self.is_settled, self.open = True, {}
            if self.line.is_grave:
                assert not is_tied, "something grave was settled by the tied alone"


def check(desk):
    if desk.is_settled:
        return
    step = desk.rule_of_step
    for asking in desk.open.values():
        person = desk.directory.people[asking.reviewer]
        assert person.is_active
        if not step.lets_subjects_in:
            assert not is_subject(asking.reviewer, desk.line, desk.directory)
    if not desk.open:
        assert desk.nobody is not None
        assert desk.nobody.passed_over, "it is said who was thought of"


@settings(max_examples=400, deadline=None)
@given(policies(), lines(), directories(), changes)
def test_whatever_happens_nobody_decides_on_their_own_access_and_no_line_gets_lost(
    policy, line, directory, happens
):
    desk = Desk(policy, line, directory)
    check(desk)
    for name, *who in happens:
        desk.change(name, *who)
        check(desk)


@settings(max_examples=200, deadline=None)
@given(policies(), lines(), directories(), st.lists(st.integers(0, 5), min_size=4, max_size=4))
def test_what_passed_the_look_before_staging_finds_a_reviewer_in_every_step(policy, line, directory, choices):
    _, lost = every_step(policy, line, directory)

    desk = Desk(policy, line, directory)
    for number in choices:
        if lost is None:
            assert desk.is_settled or desk.open
        desk.certify(number)
    if lost is None:
        assert desk.is_settled


@settings(max_examples=100, deadline=None)
@given(policies(), lines(), directories())
def test_delegates_and_clean_steps_keep_their_promises(policy, line, directory):
    found = asked(policy, line, 1, directory)

    step = policy.rules[0].steps[0]
    for asking in found.people if isinstance(found, Asked) else ():
        person = directory.people[asking.reviewer]
        assert person.is_active
        assert person.may_act
        assert asking.reviewer != directory.control_owner
        if step.clean:
            assert not asking.ties - {Tie.OWN}
        if asking.on_behalf_of:
            assert Tie.SUBORDINATE not in asking.ties
            assert Tie.OWN not in asking.ties
