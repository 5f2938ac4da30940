"""The record of a room: its rules, its stored form, its pages, and the store that keeps it."""
