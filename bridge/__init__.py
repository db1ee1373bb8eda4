"""The bridge between a virtual PBX and Kafka."""
