"""Profiles beside each other: a first one from data, and what differs between two."""
