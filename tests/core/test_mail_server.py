"""A mail server is in force only once it took a letter; what does not work is said, and nothing is lost."""

import ipaddress
import logging
import socket
import ssl
from dataclasses import asdict
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils.timezone import now

from core.actions import mail_server
from core.actions.mail_server import NEVER, TRIES, BadMailServer, Typed
from core.errors import Denied, StaleState
from core.jobs import smtp
from core.jobs.mail_server import check_mail_server, sweep_mail_servers
from core.leases import LeaseLost
from core.models import MailServer, OutgoingMail, Role, TrailEvent
from core.queries.letters import has_mail
from core.queries.mail_server import in_force, password_of, unsettled
from tests.mailing import SECRET, USER, Server, serving, with_sign_in
from tests.make import make_letter, make_mail_server, make_user

PAGE = "/settings/mail/"
SAVE = "/settings/mail/save/"
SENDER = "Reeve <reeve@x.example>"


@pytest.fixture
def ada(db, settings):
    settings.MAIL_URL = ""
    return make_user("Ada Lindgren", Role.SUPER, Role.BASIC)


@pytest.fixture
def certificate(tmp_path):
    """A certificate of this machine that nobody vouches for: the file, and what serves it."""
    key, at = ec.generate_private_key(ec.SECP256R1()), now()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail.test")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "mail.pem"
    parts = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(key.private_bytes(*parts) + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return file, context


def typed(port, **changes):
    plain = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "username": "",
        "sender": SENDER,
    }
    return Typed(**{**plain, **changes})


def tried(typed_in, *, by):
    candidate = mail_server.save(typed_in, by=by, seen=seen())
    check_mail_server(candidate.pk)
    candidate.refresh_from_db()
    return candidate


def seen():
    row = mail_server.shown()
    return row.saved_at if row else NEVER


def saved():
    row = mail_server.shown()
    assert row is not None
    return row


def claimed(candidate):
    row = mail_server.claim(candidate.pk)
    assert row is not None
    return row


def form_of(**changes):
    plain = {"host": "mail.example", "port": 587, "security": "starttls", "sender": "reeve@x.example"}
    return {**plain, "changed_at": seen().isoformat(), **changes}


def test_a_server_that_takes_a_letter_is_in_force_and_the_one_before_is_replaced(ada, unused_port, trail):
    old = make_mail_server(SECRET, username=USER)
    server = Server()

    with serving(unused_port, server, **with_sign_in(server)):
        candidate = tried(typed(unused_port, username=USER, password=SECRET), by=ada)

    old.refresh_from_db()
    assert (candidate.status, candidate.problem) == ("in_force", "")
    assert (old.status, old.sealed) == ("replaced", "")
    assert password_of(candidate) == SECRET
    assert server.signed_in == 1
    assert server.taken[0]["To"] == ada.email
    assert server.taken[0]["Message-ID"] == f"<{candidate.pk}@testserver>"
    assert trail() == ["core.mail_server_saved", "core.mail_server_in_force"]


@pytest.mark.django_db(transaction=True)
def test_letters_that_were_put_off_go_out_at_once_through_a_server_that_works(ada, unused_port, nudges):
    waiting = make_letter(due_at=now() + timedelta(hours=5), problem="Nothing answers")

    with serving(unused_port):
        tried(typed(unused_port), by=ada)

    waiting.refresh_from_db()
    assert waiting.due_at <= now()
    assert ("core.send_mail", waiting.pk) in nudges


@pytest.mark.parametrize(
    ("part", "answer", "sentence"),
    [
        (
            "to_sender",
            "550 5.7.1 Not yours",
            f"refused the sender {SENDER}: 550 5.7.1 Not yours",
        ),
        ("answer", "554 Relay denied", "refused the recipient: 554 Relay denied"),
        ("to_text", "554 Looks like spam", "127.0.0.1 answered 554 Looks like spam"),
    ],
)
def test_a_refused_letter_leaves_the_old_server_in_force(part, answer, sentence, ada, unused_port, trail):
    old, server = make_mail_server(), Server()
    setattr(server, part, answer)

    with serving(unused_port, server):
        candidate = tried(typed(unused_port), by=ada)

    assert candidate.status == MailServer.Status.REFUSED
    assert sentence in candidate.problem
    assert in_force() == old
    assert trail() == ["core.mail_server_saved", "core.mail_server_refused"]


def test_the_trouble_with_a_server_is_named(ada, unused_port, monkeypatch):
    monkeypatch.setattr(smtp, "TIMEOUT", 0.2)
    nobody = tried(typed(unused_port), by=ada)
    unknown = tried(typed(25, host="mail.invalid"), by=ada)
    with socket.create_server(("127.0.0.1", unused_port)):
        silent = tried(typed(unused_port), by=ada)

    assert nobody.problem == f"Nothing answers at 127.0.0.1, port {unused_port}."
    assert unknown.problem == "No host is known by the name mail.invalid."
    assert f"127.0.0.1, port {unused_port} did not answer within" in silent.problem
    assert has_mail() is False


@pytest.mark.parametrize(
    ("security", "sentence"),
    [("starttls", "offers no STARTTLS."), ("tls", "does not speak TLS in the way chosen.")],
)
def test_a_server_without_tls_is_refused_where_tls_was_chosen(security, sentence, ada, unused_port):
    with serving(unused_port) as server:
        candidate = tried(typed(unused_port, security=security), by=ada)

    assert sentence in candidate.problem
    assert server.taken == []


def test_a_server_without_sign_in_is_refused_where_a_user_was_given(ada, unused_port):
    with serving(unused_port):
        candidate = tried(typed(unused_port, username=USER, password=SECRET), by=ada)

    assert "offers no sign-in with a password" in candidate.problem


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_certificate_counts_only_if_it_is_vouched_for(security, ada, unused_port, certificate, settings):
    file, context = certificate
    server = Server()
    options = {"tls_context": context} if security == "starttls" else {"ssl_context": context}
    wanted = typed(unused_port, security=security, username=USER, password=SECRET)

    with serving(unused_port, server, authenticator=server.authenticate, auth_require_tls=False, **options):
        strange = tried(wanted, by=ada)
        settings.CA_FILE = str(file)
        vouched = tried(wanted, by=ada)

    assert strange.problem.startswith("The certificate of 127.0.0.1 is not accepted: self-signed certificate")
    assert (vouched.status, vouched.problem) == ("in_force", "")
    assert len(server.taken) == 1


def test_a_password_never_goes_out_without_tls_but_to_this_machine(ada):
    with pytest.raises(BadMailServer, match="Without TLS"):
        mail_server.save(typed(25, host="mail.example", username=USER, password=SECRET), by=ada, seen=NEVER)

    assert mail_server.save(typed(25, username=USER, password=SECRET), by=ada, seen=NEVER)


@pytest.mark.parametrize("changes", [{"host": "evil.example"}, {"port": 588}, {"username": "mallory"}])
def test_a_kept_password_goes_to_no_other_host_and_no_other_user(changes, ada):
    row = make_mail_server(SECRET, username=USER)
    same = typed(row.port, host=row.host, security="tls", username=USER)

    with pytest.raises(BadMailServer, match="must be entered again"):
        mail_server.save(Typed(**{**asdict(same), **changes}), by=ada, seen=seen())
    kept = mail_server.save(same, by=ada, seen=seen())

    assert password_of(kept) == SECRET
    with pytest.raises(BadMailServer, match="must be entered again"):
        mail_server.save(Typed(**{**asdict(same), **changes}), by=ada, seen=seen())


def test_what_one_typed_oneself_may_go_to_another_host(ada):
    mistyped = typed(1, host="mial.example", security="tls", username=USER, password=SECRET)
    wrong = mail_server.save(mistyped, by=ada, seen=NEVER)
    mail_server.refuse(claimed(wrong), "No host is known by the name mial.example.")
    right = typed(1, host="mail.example", security="tls", username=USER)

    with pytest.raises(BadMailServer):
        mail_server.save(right, by=make_user("Mallory Super", Role.SUPER), seen=seen())
    kept = mail_server.save(right, by=ada, seen=seen())

    assert password_of(kept) == SECRET


def test_a_password_wants_a_user_and_a_user_a_password(ada):
    with pytest.raises(BadMailServer) as nobody:
        mail_server.save(typed(1, security="tls", password=SECRET), by=ada, seen=NEVER)
    with pytest.raises(BadMailServer) as nothing:
        mail_server.save(typed(1, security="tls", username=USER), by=ada, seen=NEVER)

    assert (nobody.value.field, nothing.value.field) == ("username", "password")


def test_newer_settings_replace_those_being_tried(ada, unused_port):
    first = mail_server.save(typed(unused_port, username=USER, password=SECRET), by=ada, seen=NEVER)
    held = claimed(first)
    second = mail_server.save(typed(unused_port), by=ada, seen=seen())

    check_mail_server(first.pk)

    first.refresh_from_db()
    assert (first.status, first.sealed) == ("replaced", "")
    assert unsettled() == second
    with pytest.raises(LeaseLost):
        mail_server.put_in_force(held)


def test_a_worker_that_died_leaves_it_to_another_and_after_five_it_is_refused(ada, unused_port):
    candidate = mail_server.save(typed(unused_port), by=ada, seen=NEVER)
    MailServer.objects.update(attempts=TRIES, leased_until=now() - timedelta(minutes=1))

    with serving(unused_port) as server:
        check_mail_server(candidate.pk)

    candidate.refresh_from_db()
    assert candidate.status == MailServer.Status.REFUSED
    assert "none came to an end" in candidate.problem
    assert server.taken == []


@pytest.mark.django_db(transaction=True)
def test_the_sweeper_tells_of_what_waits_to_be_tried(ada, nudges):
    waiting = make_mail_server(status=MailServer.Status.CHECKING)
    make_mail_server(status=MailServer.Status.CHECKING, leased_until=now() + timedelta(minutes=1))
    make_mail_server()

    sweep_mail_servers()

    assert nudges == [("core.check_mail_server", waiting.pk)]


def test_only_a_super_administrator_saves_and_tests(ada, cast):
    make_mail_server()

    for person in (cast["connector_admin"], cast["basic"], cast["no_role"]):
        with pytest.raises(Denied):
            mail_server.save(typed(1), by=person, seen=seen())
        with pytest.raises(Denied):
            mail_server.send_test(by=person)


def test_the_verb_refuses_what_is_stale(ada):
    make_mail_server()

    with pytest.raises(StaleState):
        mail_server.save(typed(1), by=ada, seen=NEVER)


def test_the_password_stands_nowhere_but_sealed(ada, unused_port, sign_in, caplog):
    caplog.set_level(logging.DEBUG)
    browser, server = sign_in(ada), Server()
    wanted = {"host": "127.0.0.1", "port": unused_port, "security": "none", "username": USER}

    with serving(unused_port, server, **with_sign_in(server)):
        replies = [browser.post(SAVE, form_of(**wanted, password=SECRET, sender="odd"))]
        replies.append(browser.post(SAVE, form_of(**wanted, password=SECRET)))
        check_mail_server(saved().pk)
    replies += [browser.get(PAGE), browser.get("/settings/outbox/")]

    assert in_force() is not None
    assert server.signed_in == 1
    assert all(SECRET not in reply.content.decode() for reply in replies)
    assert SECRET not in str(list(MailServer.objects.values()))
    assert SECRET not in str(list(TrailEvent.objects.values()))
    assert SECRET not in str(list(OutgoingMail.objects.values()))
    assert SECRET not in caplog.text
    assert SECRET not in repr(typed(1, password=SECRET))


def test_the_trail_tells_what_changed_without_the_password(ada):
    make_mail_server(SECRET, username=USER)

    wanted = typed(465, host="new.example", security="tls", username=USER, password=SECRET)
    mail_server.save(wanted, by=ada, seen=seen())

    change = TrailEvent.objects.get().change
    assert change["before"]["host"] == "mail.meridian.example"
    assert change["after"]["host"] == "new.example"
    assert change["has_new_password"] is True
