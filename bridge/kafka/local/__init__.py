"""A real Apache Kafka on this machine, for the demo and the tests: a given one, one in Docker, or one in a JVM."""

from bridge.kafka.local.ladder import NoLocalKafka
from bridge.kafka.local.start import LocalKafka, start_local_kafka

__all__ = ["LocalKafka", "NoLocalKafka", "start_local_kafka"]
