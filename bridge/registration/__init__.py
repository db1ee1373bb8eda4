"""The webhooks that the bridge registers with the vendor, and what the command line asks of a connection's owner."""
