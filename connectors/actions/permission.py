"""Who may do what with a connector, said once.

`None` stands for an operator's command: whoever can run one holds the console's keys.
"""

from collections.abc import Callable

from connectors.models import Account, App, Connector, ProvisionOrder
from connectors.queries.own_accounts import Human
from core.errors import Denied
from core.models import Role, User


def must_run_connectors(user: User | None) -> None:
    if user is not None and not (user.is_active and user.runs_connectors):
        raise Denied("Only a Connector Administrator or a Super Administrator can add connectors.")


def must_manage(connector: Connector, user: User | None) -> None:
    """Its owners, whatever their roles; those who run all connectors; who stands in for missing owners."""
    if user is not None and not may_manage(connector, user):
        raise Denied(f"Only the owners of {connector} and Connector Administrators can do this.")


def must_add_console(user: User | None) -> None:
    if user is not None and not may_add_console(user):
        raise Denied(
            "Only a Connector Administrator, a Campaign Administrator or a Super Administrator can have Reeve"
            " read itself."
        )


def may_add_console(user: User) -> bool:
    """It needs no credential, and shows what administrators see of each other anyway."""
    return user.is_active and (user.runs_connectors or user.has_role(Role.CAMPAIGN))


def must_confirm(connector: Connector, user: User | None) -> None:
    """To take a large shrink for the truth is more than looking after a connector."""
    if user is not None and not may_confirm(user):
        raise Denied("Only a Connector Administrator or a Super Administrator can confirm a held sync.")
    if user is not None and (why := why_not_confirm(connector, user)):
        raise Denied(why)


type Refusal = Callable[[Connector, User], str]
"""Why this person may not confirm a held run of this connector; empty if they may."""

_refusals: list[Refusal] = []


def also_refuse(refusal: Refusal) -> None:
    """Let a higher room say who is too near to confirm a held run. Called from its apps.py, once."""
    _refusals.append(refusal)


def why_not_confirm(connector: Connector, user: User) -> str:
    """Why somebody whose roles allow it may not confirm held runs of this one all the same; else empty."""
    return next(filter(None, (refusal(connector, user) for refusal in _refusals)), "")


def must_set_guards(user: User | None) -> None:
    """How much may go unseen: whoever answers a held run decides it, not whoever looks after a connector."""
    if user is not None and not may_confirm(user):
        raise Denied("Only a Connector Administrator or a Super Administrator can change the guard.")


def must_govern(app: App, user: User | None) -> None:
    """What is decided about an app and its access: row B7."""
    if user is not None and not may_govern(app, user):
        raise Denied(
            f"Only a Super Administrator, or an owner of {app} with the role Application Administrator, can"
            " do this."
        )


def must_make_apps(user: User | None) -> None:
    if user is not None and not may_make_apps(user):
        raise Denied("Only an Application Administrator or a Super Administrator can add applications.")


def must_list_apps(user: User | None) -> None:
    if user is not None and not may_list_apps(user):
        raise Denied(
            "Only a Connector Administrator, an Application Administrator or a Super Administrator can bring"
            " lists of apps."
        )


def must_be_super(user: User | None) -> None:
    if user is not None and not (user.is_active and user.is_super):
        raise Denied("Only a Super Administrator can do this.")


def must_see_bodies(user: User | None) -> None:
    """Raw answers hold whatever the app tells of its people: for those alone who see everything."""
    if user is not None and not may_see_bodies(user):
        raise Denied("Only a Super Administrator or a Read-Only Administrator can take raw answers.")


def may_govern(app: App, user: User) -> bool:
    return user.is_active and App.objects.governed_by(user).filter(pk=app.pk).exists()


def may_make_apps(user: User) -> bool:
    return user.is_active and (user.is_super or user.has_role(Role.APPLICATION))


def may_list_apps(user: User) -> bool:
    return may_make_apps(user) or (user.is_active and user.runs_connectors)


def may_confirm(user: User) -> bool:
    return user.is_active and user.runs_connectors


def may_see_bodies(user: User) -> bool:
    return user.is_active and (user.is_super or user.has_role(Role.READ_ONLY))


def may_manage(connector: Connector, user: User) -> bool:
    return user.is_active and Connector.objects.managed_by(user).filter(pk=connector.pk).exists()


def must_run_order(order: ProvisionOrder, user: User | None) -> None:
    """To try again, to leave to people, to drop: for whoever looks after the connector; where none carries it
    out, for whoever decides about the app. Never about one's own access."""
    if user is None:
        return
    _must_be_of_another(order, user)
    if may_run_order(order, user):
        return
    if order.connector and not order.connector.deleted_at:
        raise Denied(f"Only the owners of {order.connector} and Connector Administrators can do this.")
    raise Denied(
        f"Only Connector Administrators, or an owner of {order.app} with the role Application Administrator,"
        " can do this."
    )


def must_say_done(order: ProvisionOrder, user: User | None) -> None:
    """That something was done by hand, or is to be removed again: for owners of the app, too. Never about
    one's own access."""
    if user is None:
        return
    _must_be_of_another(order, user)
    if not may_say_done(order, user):
        raise Denied(f"Only the owners of {order.app} and those who look after its connector can do that.")


def must_confirm_orders(app: App, user: User) -> None:
    """To say yes or no to what others ask to have removed: for its owners and Super Administrators."""
    if not (user.may_act and may_ask_removal(app, user)):
        raise Denied(f"Only the owners of {app} and Super Administrators can confirm or refuse this.")


def must_confirm_order(order: ProvisionOrder, user: User) -> None:
    """Never about one's own access."""
    _must_be_of_another(order, user)
    must_confirm_orders(order.app, user)


def may_run_order(order: ProvisionOrder, user: User) -> bool:
    if order.connector and not order.connector.deleted_at:
        return may_manage(order.connector, user)
    return user.is_active and (user.runs_connectors or may_govern(order.app, user))


def may_say_done(order: ProvisionOrder, user: User) -> bool:
    owns = user.is_active and App.objects.here().owned_by(user).filter(pk=order.app_id).exists()
    return owns or may_run_order(order, user)


def is_own(account: Account, user: User) -> bool:
    """Whether it is this person's, or would be theirs if somebody had matched it (decision 54)."""
    return Human.of(user).owns(account)


def _must_be_of_another(order: ProvisionOrder, user: User) -> None:
    if is_own(order.account, user):
        raise Denied(
            f"This is about your own access: another owner of {order.app} or a Connector Administrator has to"
            " do it."
        )


def may_ask_removal(app: App, user: User) -> bool:
    """Of anything in the app (row B19); owners of an entitlement and managers of a person may of theirs.

    Roles of this console outside of a review: who may change them, may ask it.
    """
    if not user.is_active:
        return False
    if app.is_console:
        return user.is_super
    return user.is_super or App.objects.here().owned_by(user).filter(pk=app.pk).exists()
