"""What the Reconciliation API asks of answers, as JSON schemas of our own written from its text (0.2 and 1.0 draft)."""

from __future__ import annotations

from typing import Any

import jsonschema

_TYPE: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "string", "minLength": 1}, "name": {"type": "string"}},
}
_CANDIDATE: dict[str, Any] = {
    "type": "object",
    "required": ["id", "name", "score", "match", "type"],
    "properties": {
        "id": {"type": "string", "minLength": 1},
        "name": {"type": "string", "minLength": 1},
        "description": {"type": "string"},
        "score": {"type": "number", "minimum": 0, "maximum": 100},
        "match": {"type": "boolean"},
        "type": {"type": "array", "items": _TYPE},
        "features": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "name", "value"],
                "properties": {
                    "id": {"type": "string"},
                    "name": {"type": "string", "minLength": 1},
                    "value": {"type": ["number", "boolean"]},
                },
            },
        },
    },
}
_VALUE: dict[str, Any] = {
    "oneOf": [
        {"type": "object", "maxProperties": 0},
        {
            "type": "object",
            "required": ["id", "name"],
            "properties": {"id": {"type": "string"}, "name": {"type": "string"}},
            "additionalProperties": False,
        },
        *(
            {
                "type": "object",
                "required": [key],
                "properties": {key: {"type": kind}},
                "additionalProperties": False,
            }
            for key, kind in (("str", "string"), ("float", "number"), ("int", "integer"))
        ),
    ]
}
_META: dict[str, Any] = {"type": "array", "items": {"type": "object", "required": ["id", "name"]}}
_SERVICE: dict[str, Any] = {
    "type": "object",
    "properties": {"service_url": {"type": "string"}, "service_path": {"type": "string"}},
}
_ID_02 = r".*\{\{id\}\}.*"

MANIFEST_02: dict[str, Any] = {
    "type": "object",
    "required": ["versions", "name", "identifierSpace", "schemaSpace"],
    "properties": {
        "versions": {"type": "array", "contains": {"const": "0.2"}},
        "name": {"type": "string", "minLength": 1},
        "identifierSpace": {"type": "string", "format": "uri"},
        "schemaSpace": {"type": "string", "format": "uri"},
        "defaultTypes": {"type": "array", "items": _TYPE, "uniqueItems": True},
        "view": {"type": "object", "required": ["url"], "properties": {"url": {"pattern": _ID_02}}},
        "preview": {
            "type": "object",
            "required": ["url", "width", "height"],
            "properties": {
                "url": {"pattern": _ID_02},
                "width": {"type": "integer"},
                "height": {"type": "integer"},
            },
        },
        "suggest": {"type": "object", "additionalProperties": _SERVICE},
        "extend": {
            "type": "object",
            "properties": {"propose_properties": _SERVICE, "property_settings": {"type": "array"}},
        },
        "batchSize": {"type": "integer", "minimum": 1},
    },
}
MANIFEST_DRAFT: dict[str, Any] = {
    "type": "object",
    "required": ["versions", "name", "view"],
    "properties": {
        "versions": {"type": "array", "contains": {"const": "1.0-draft"}},
        "view": {
            "type": "object",
            "required": ["url"],
            "properties": {"url": {"pattern": r"^[^{}]*\{id\}[^{}]*$"}},
        },
        "suggest": {
            "type": "object",
            "required": ["entity", "property", "type"],
            "additionalProperties": {"type": "boolean"},
        },
        "preview": {
            "type": "object",
            "required": ["width", "height"],
            "additionalProperties": {"type": "integer"},
        },
        "extend": {
            "type": "object",
            "properties": {
                "proposeProperties": {"type": "boolean"},
                "propertySettings": {"type": "array"},
            },
        },
        "standardizedScore": {"type": "boolean"},
    },
}
RESULTS_02: dict[str, Any] = {
    "type": "object",
    "additionalProperties": {
        "type": "object",
        "required": ["result"],
        "properties": {"result": {"type": "array", "items": _CANDIDATE}},
    },
}
RESULTS_DRAFT: dict[str, Any] = {
    "type": "object",
    "required": ["results"],
    "properties": {
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["candidates"],
                "properties": {"candidates": {"type": "array", "items": _CANDIDATE}},
            },
        }
    },
}
SUGGESTED: dict[str, Any] = {
    "type": "object",
    "required": ["result"],
    "properties": {
        "result": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "name"],
                "properties": {
                    "id": {"type": "string"},
                    "name": {"type": "string"},
                    "description": {"type": "string"},
                    "notable": {"type": "array", "items": {"anyOf": [{"type": "string"}, _TYPE]}},
                },
            },
        }
    },
}
EXTENDED_02: dict[str, Any] = {
    "type": "object",
    "required": ["meta", "rows"],
    "properties": {
        "meta": _META,
        "rows": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {"type": "array", "items": _VALUE},
            },
        },
    },
}
EXTENDED_DRAFT: dict[str, Any] = {
    "type": "object",
    "required": ["meta", "rows"],
    "properties": {
        "meta": _META,
        "rows": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "properties"],
                "properties": {
                    "properties": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["id", "values"],
                            "properties": {"values": {"type": "array", "items": _VALUE}},
                        },
                    }
                },
            },
        },
    },
}


def fits(answer: Any, shape: dict[str, Any]) -> Any:
    """The answer, if it has the shape; else jsonschema says where not."""
    jsonschema.validate(answer, shape, format_checker=jsonschema.FormatChecker())
    return answer
