"""Asks the server from Python. To ask from elsewhere, copy this folder and ``errors.py`` beside it.

It needs httpx and nothing else.
"""

from .answers import Answer as Answer
from .answers import AnswerError as AnswerError
from .answers import RequestRefusedError as RequestRefusedError
from .answers import ServerFailedError as ServerFailedError
from .client import Client as Client
