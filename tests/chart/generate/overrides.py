"""A schema of values that are merged over others: the same keys, none of which must be there. Pure."""


def without_required(schema: object) -> object:
    """Return the schema without `required`, however deep."""
    if isinstance(schema, dict):
        return {key: without_required(value) for key, value in schema.items() if key != "required"}
    if isinstance(schema, list):
        return [without_required(item) for item in schema]
    return schema
