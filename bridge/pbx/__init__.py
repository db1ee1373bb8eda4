"""The vendor: payloads as sent, and their translation to our events."""
