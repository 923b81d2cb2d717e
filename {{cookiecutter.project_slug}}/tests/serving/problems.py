"""Reads an answer that is an error, and posts rows."""

import json

import httpx

from {{ cookiecutter.__package }}.serving.problems import Problem

from .conftest import Serving

PROBLEM = {"code", "message", "faults", "request_id"}


def problem_of(response: httpx.Response, status: int) -> Problem:
    """The error, in the one documented shape."""
    assert response.status_code == status, response.text
    assert set(response.json()) == PROBLEM
    problem = Problem.model_validate_json(response.content)
    assert problem.request_id == response.headers["x-request-id"]
    return problem


def faults_of(response: httpx.Response) -> set[tuple[str, str]]:
    problem = problem_of(response, 422)
    assert problem.code == "invalid_request"
    assert all(fault.message for fault in problem.faults)
    return {(fault.field, fault.rule) for fault in problem.faults}


def post(serving: Serving, rows: object, path: str = "/predict") -> httpx.Response:
    content = json.dumps({"rows": rows}).encode()
    return serving.client.post(path, content=content)
