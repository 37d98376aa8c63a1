"""The OpenAPI document: what the models and routes don't say by themselves."""

from collections.abc import Callable, Sequence
from typing import Any

from service.engine import Served
from service.problems import MEDIA_TYPE
from service.tracing import HEADER

__all__ = ["problem_responses", "specification"]

_DESCRIPTIONS = {
    400: "The body is not well-formed JSON",
    401: "A key is needed, and none was sent or it is not known",
    403: "The key sent lacks the scope; or no keys are configured and the peer is another machine",
    408: "The request did not arrive in time",
    413: "The request has more bytes, paragraphs or windows of tokens than the service takes",
    415: "The body is not plain application/json",
    422: "The request does not fit the schema, the labels, the policies or its own text",
    429: "The service is busy, or the client has sent too many requests",
    500: "The service failed",
    503: "The model is loading, it or a policy or the feedback store can't be used, or the service "
    "is stopping",
}

_PROBLEM = {
    "title": "Problem",
    "description": "An error (RFC 9457). It never holds the text that was sent.",
    "type": "object",
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": "where in the body: a JSON pointer (RFC 6901); "
                        "query and header parameters are named as if they stood there",
                    },
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
                "required": ["pointer", "code", "detail"],
                "additionalProperties": False,
            },
        },
    },
    "required": ["type", "title", "status", "detail", "errors"],
    "additionalProperties": False,
}


def problem_responses(*statuses: int) -> dict[int | str, Any]:
    """The error responses of a route, as `APIBlueprint.doc` takes them; 500 is always one."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": _DESCRIPTIONS[status], "content": content}
        for status in (*statuses, 500)
    }


def specification(
    served: Callable[[], Served],
    feedback_labels: Sequence[str] = (),
) -> Callable[[Any], Any]:
    """What completes APIFlask's document: the problem schema, headers, labels and policies.

    served           what answers when the document is made
    feedback_labels  that feedback may bear besides the model's
    """

    def complete(document: Any) -> Any:
        # Blueprints that share a tag each bring it.
        document["tags"] = list({tag["name"]: tag for tag in document["tags"]}.values())
        schemas = document["components"]["schemas"]
        schemas["Problem"] = _PROBLEM
        now = served()
        known = list(now.tagger.labels)
        for schema in schemas.values():
            fields = schema.get("properties", {})
            if "thresholds" in fields:
                fields["labels"]["items"]["enum"] = known
                fields["thresholds"]["propertyNames"] = {"enum": [*known, "default"]}
            if "thresholds" in fields and "policy" in fields:
                fields["policy"]["enum"] = now.policies.names()
            if schema.get("title") == "MarkedSpan":
                fields["label"]["enum"] = list(dict.fromkeys([*known, *feedback_labels]))
        header = {"schema": {"type": "string"}, "description": "the id in the service's log"}
        for path in document["paths"].values():
            for operation in path.values():
                if "requestBody" in operation:
                    operation["requestBody"]["required"] = True
                for response in operation["responses"].values():
                    response.setdefault("headers", {})[HEADER] = header
        return document

    return complete
