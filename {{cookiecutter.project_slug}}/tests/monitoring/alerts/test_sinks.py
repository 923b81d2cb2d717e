import json
import ssl
import subprocess
from base64 import b64decode
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal

import pytest

from {{ cookiecutter.__package }}.config import EmailSink, WebhookSink
from {{ cookiecutter.__package }}.monitoring.alerts.message import (
    Message,
    UnsentError,
)
from {{ cookiecutter.__package }}.monitoring.alerts.sinks.file import File
from {{ cookiecutter.__package }}.monitoring.alerts.sinks.log import Log
from {{ cookiecutter.__package }}.monitoring.alerts.sinks.mail import Mail
from {{ cookiecutter.__package }}.monitoring.alerts.sinks.webhook import (
    Webhook,
    slack_body,
)

from .conftest import ALERT, NOW
from .receivers import smtp, web

RAISED = Message(event="raised", alert=ALERT)
OVER = replace(
    ALERT, state="resolved", resolved=NOW + timedelta(days=7), ended="it is ordinary again"
)
RESOLVED = Message(event="resolved", alert=OVER)


def hook(port: int) -> Webhook:
    return Webhook(
        WebhookSink.model_validate(
            {"kind": "webhook", "url": f"http://127.0.0.1:{port}/T0/secret", "timeout_s": 2}
        )
    )


def post(port: int, tls: Literal["none", "starttls"] = "none", **given: Any) -> Mail:
    values = {"kind": "email", "host": "127.0.0.1", "port": port, "tls": tls, "timeout_s": 2}
    addresses = {"sender": "models@example.org", "to": ["a@example.org", "b@example.org"]}
    return Mail(EmailSink.model_validate({**values, **addresses, **given}))


def test_a_webhook_gets_a_body_that_slack_takes_under_the_messages_id() -> None:
    with web() as received:
        hook(received.port).send(RAISED)
    ((path, body, key),) = received.posts
    assert (path, key) == ("/T0/secret", "shop-7-raised")
    assert body["text"] == f"[warning] shop version 2: {ALERT.text}"
    kinds = [block["type"] for block in body["blocks"]]
    assert kinds == ["header", "section", "context"]
    assert body["blocks"][1]["text"] == {"type": "plain_text", "text": ALERT.text}
    assert "make monitor" in body["blocks"][2]["elements"][0]["text"]


def test_text_of_callers_pings_nobody() -> None:
    alert = replace(ALERT, text="city drifts: new category '<!channel> & co' " + "x" * 4_000)
    body = slack_body(Message(event="raised", alert=alert))
    assert "<!channel>" not in body["text"]
    assert "&lt;!channel&gt; &amp; co" in body["text"]
    assert len(body["blocks"][1]["text"]["text"]) == 3_000


@pytest.mark.parametrize(
    ("status", "again"), [(500, True), (503, True), (429, True), (404, False), (302, False)]
)
def test_a_webhook_that_refuses_is_tried_again_where_that_may_help(
    status: int, *, again: bool
) -> None:
    with web(status) as received, pytest.raises(UnsentError) as caught:
        hook(received.port).send(RAISED)
    assert (str(caught.value), caught.value.again) == (f"127.0.0.1 answered {status}", again)
    assert received.posts == []


def test_an_address_is_never_told_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    with web() as received:
        port = received.port
    with pytest.raises(UnsentError) as caught:
        hook(port).send(RAISED)
    assert "127.0.0.1 cannot be reached" in str(caught.value)
    config = WebhookSink(kind="webhook", url_from="ALERTS_WEBHOOK")
    monkeypatch.setenv("ALERTS_WEBHOOK", "hooks.example.org/secret")
    with pytest.raises(UnsentError, match="ALERTS_WEBHOOK holds no address") as unset:
        Webhook(config).send(RAISED)
    assert "secret" not in f"{caught.value} {unset.value} {hook(port)._config}"
    monkeypatch.delenv("ALERTS_WEBHOOK")
    with pytest.raises(UnsentError, match="ALERTS_WEBHOOK is not set"):
        Webhook(config).send(RAISED)


def test_a_mail_says_it_in_its_subject_and_where_to_look() -> None:
    with smtp() as received:
        post(received.port).send(RESOLVED)
    (mail,) = received.mails
    assert mail["Subject"] == f"[resolved] shop version 2: {ALERT.text}"
    assert mail["To"] == "a@example.org, b@example.org"
    assert mail["Message-ID"] == "<shop-7-resolved@example.org>"
    content = mail.get_content()
    assert "Resolved: it is ordinary again" in content
    assert "reports/shop · make monitor" in content


@pytest.mark.parametrize(("status", "again"), [(451, True), (554, False)])
def test_a_mail_that_is_refused_is_tried_again_where_that_may_help(
    status: int, *, again: bool
) -> None:
    with smtp(status) as received, pytest.raises(UnsentError) as caught:
        post(received.port).send(RAISED)
    assert str(caught.value).endswith(f"answered {status}")
    assert (caught.value.again, received.mails) == (again, [])


def test_a_server_without_encryption_gets_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PASSWORD", "a secret")
    with smtp() as received, pytest.raises(UnsentError, match="cannot be reached"):
        post(received.port, "starttls", user="models").send(RAISED)
    assert (received.logins, received.mails) == ([], [])


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key, signed by itself."""
    path = tmp_path_factory.mktemp("certificate") / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(path), "-out", str(path.with_name("certificate.pem"))]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    path.write_text(path.read_text() + path.with_name("certificate.pem").read_text())
    return path


def test_a_password_travels_encrypted_to_a_server_that_is_who_it_says(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    secured.load_cert_chain(certificate)
    monkeypatch.setenv("SMTP_PASSWORD", "a secret")
    with smtp(secured=secured) as received:
        mail = post(received.port, "starttls", user="models")
        with pytest.raises(UnsentError, match="SSLCertVerificationError"):
            mail.send(RAISED)
        assert received.logins == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        mail.send(RAISED)
    assert [b64decode(login) for login in received.logins] == [b"\0models\0a secret"]
    assert len(received.mails) == 1


def test_a_login_takes_the_password_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SMTP_PASSWORD", raising=False)
    config = EmailSink(kind="email", host="127.0.0.1", sender="a@b.org", to=("c@d.org",), user="u")
    with pytest.raises(UnsentError, match="SMTP_PASSWORD is not set") as caught:
        Mail(config)._password()
    assert not caught.value.again


def test_the_file_has_a_line_of_json_for_each(tmp_path: Path) -> None:
    sink = File(tmp_path / "new" / "alerts.jsonl")
    sink.send(RAISED)
    sink.send(RESOLVED)
    lines = (tmp_path / "new" / "alerts.jsonl").read_text().splitlines()
    raised, resolved = map(json.loads, lines)
    assert (raised["event"], raised["value"], raised["limit"]) == ("raised", 0.3, 0.1)
    assert (resolved["id"], resolved["resolved"]) == (
        "shop-7-resolved",
        "2024-03-08T12:00:00+00:00",
    )


def test_a_disk_that_takes_nothing_is_a_sink_that_failed(tmp_path: Path) -> None:
    with pytest.raises(UnsentError, match="Is a directory"):
        File(tmp_path).send(RAISED)


def test_the_log_says_what_is_so_and_where_to_look(capsys: pytest.CaptureFixture[str]) -> None:
    Log().send(RAISED)
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"[warning] shop version 2: {ALERT.text}"
    assert second.strip() == "look closer: reports/shop · make monitor"
