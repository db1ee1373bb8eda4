"""`bridge demo`: a PBX, the bridge and a real Kafka, to be watched."""

from bridge.cli.demo.command import demo

__all__ = ["demo"]
