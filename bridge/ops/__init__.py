"""Settings, logging, metrics, health: what every role runs on."""
