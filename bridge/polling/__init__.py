"""Polling the vendor's lists: what newly appears in one of them becomes an event, once."""
