"""A client that holds every answer against the OpenAPI document."""

from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from service import Settings, create_app
from tagger import Tagger


def validator(document: dict[str, Any], schema: dict[str, Any]) -> Draft202012Validator:
    """A validator of a schema that may refer to the components of its OpenAPI document."""
    return Draft202012Validator(schema | {"components": document["components"]})


class CheckedClient(FlaskClient):
    """Fails on any answer that is not in the OpenAPI document."""

    document: dict[str, Any]

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        response = super().open(*args, **kwargs)
        path, method = response.request.path, response.request.method.lower()
        if path == "/openapi.json" or method == "head":
            return response
        operation = self.document["paths"].get(path, {}).get(method)
        if operation is None:
            assert response.status_code in (404, 405)
            content = {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            }
        else:
            documented = operation["responses"][str(response.status_code)]
            content = documented["content"]
            assert set(documented["headers"]) <= set(response.headers.keys())
        assert response.mimetype in content
        validator(self.document, content[response.mimetype]["schema"]).validate(response.json)
        return response


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(max_bytes=100_000, max_paragraphs=50)


@pytest.fixture(scope="session")
def app(settings: Settings, tagger: Tagger) -> APIFlask:
    return create_app(settings, tagger)


@pytest.fixture(scope="session")
def document(app: APIFlask) -> dict[str, Any]:
    response = FlaskClient(app).get("/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.get_json()
    return found


@pytest.fixture
def client(app: APIFlask, document: dict[str, Any]) -> CheckedClient:
    client = CheckedClient(app, app.response_class)
    client.document = document
    return client


@pytest.fixture(scope="session")
def request_schema(document: dict[str, Any]) -> Draft202012Validator:
    """What the OpenAPI document says of a request to /v1/tag."""
    operation = document["paths"]["/v1/tag"]["post"]
    return validator(document, operation["requestBody"]["content"]["application/json"]["schema"])
