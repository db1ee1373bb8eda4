"""Webhook in, event out."""
