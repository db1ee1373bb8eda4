"""Events: models, ids, the CloudEvents envelope, topics and schemas. Pure: no I/O, no clock, no randomness."""
