"""The shapes of errors, as each dialect's callers read them."""

from collections.abc import Callable
from typing import Any

import httpx2

Post = Callable[..., httpx2.Response]


def ark_error(answer: httpx2.Response, status: int) -> dict[str, str]:
    """Check status and envelope, and return the error."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, str] = answer.json()["error"]
    assert error.keys() == {"code", "message", "param", "type"}
    assert all(isinstance(value, str) for value in error.values())
    assert answer.headers["x-request-id"] in error["message"]
    return error


def ark_invalid(answer: httpx2.Response, param: str) -> dict[str, str]:
    """Check that a parameter was refused, and return the error."""
    error = ark_error(answer, 400)
    assert error["type"] == "invalid_request_error"
    assert error["code"] == "invalid_parameters"
    assert error["message"].startswith("Invalid request parameters: ")
    assert error["param"] == param
    return error


def openai_error(answer: httpx2.Response, status: int) -> dict[str, Any]:
    """Check status and envelope, and return the error."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    error: dict[str, Any] = answer.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["message"]
    return error


def openai_invalid(answer: httpx2.Response, param: str, code: str) -> dict[str, Any]:
    """Check that a parameter was refused, and return the error."""
    error = openai_error(answer, 400)
    assert error["type"] == "invalid_request_error"
    assert error["param"] == param
    assert error["code"] == code
    return error
