"""The PBX simulator: a vendor on loopback."""
