"""Alerts by e-mail."""

import os
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import format_datetime

from ....config import EmailSink
from ..message import Message, UnsentError


class Mail:
    """An SMTP server."""

    def __init__(self, config: EmailSink) -> None:
        self._config = config

    def send(self, message: Message) -> None:
        """Hand one mail over; the same message has the same Message-ID.

        Raises:
            UnsentError: the server cannot be reached, or refuses it.
        """
        config = self._config
        where = f"{config.host}:{config.port}"
        try:
            with self._connected() as server:
                if config.user is not None:
                    server.login(config.user, self._password())
                server.send_message(self._mail(message))
        except smtplib.SMTPResponseException as error:
            again = error.smtp_code < 500
            raise UnsentError(f"{where} answered {error.smtp_code}", again=again) from None
        except smtplib.SMTPRecipientsRefused:
            raise UnsentError(f"{where} takes mail for none of monitor.sinks' to") from None
        except OSError as error:  # smtplib's others are some of these
            raise UnsentError(f"{where} cannot be reached: {type(error).__name__}") from None

    def _connected(self) -> smtplib.SMTP:
        config = self._config
        if config.tls == "tls":
            secured = ssl.create_default_context()
            return smtplib.SMTP_SSL(
                config.host, config.port, timeout=config.timeout_s, context=secured
            )
        server = smtplib.SMTP(config.host, config.port, timeout=config.timeout_s)
        if config.tls == "starttls":
            try:
                server.starttls(context=ssl.create_default_context())
            except OSError:
                server.close()
                raise
        return server

    def _password(self) -> str:
        password = os.environ.get(self._config.password_from)
        if password is None:
            name = self._config.password_from
            raise UnsentError(f"the environment variable {name} is not set", again=False)
        return password

    def _mail(self, message: Message) -> EmailMessage:
        alert = message.alert
        at = alert.resolved if message.event == "resolved" and alert.resolved else alert.opened
        mail = EmailMessage()
        mail["From"], mail["To"] = self._config.sender, ", ".join(self._config.to)
        mail["Subject"] = f"{message.title}: {alert.text}"
        mail["Date"] = format_datetime(at)
        mail["Message-ID"] = f"<{message.id}@{self._config.sender.rpartition('@')[2]}>"
        mail.set_content(f"{message.text}\n\n{message.closer}\n")
        return mail
