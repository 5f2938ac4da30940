"""Processes of the app: one or several behind one address, started again when they end or the app's files change."""
