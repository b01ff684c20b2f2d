"""The OpenAPI document: what FastAPI knows, less what it only supposes."""

from typing import Any

from fastapi import FastAPI

SUPPOSED = {"HTTPValidationError", "ValidationError"}
"""FastAPI (0.165) says of every route with parameters that it answers 422 in this form. Ours say
themselves which errors they answer, in the one form that `failures.py` has."""


def openapi(app: FastAPI) -> dict[str, Any]:
    document = app.openapi()
    for operations in document["paths"].values():
        for operation in operations.values():
            answers = operation["responses"]
            if any(name in str(answers.get("422")) for name in SUPPOSED):
                del answers["422"]
    for name in SUPPOSED:
        document["components"]["schemas"].pop(name, None)
    return document
