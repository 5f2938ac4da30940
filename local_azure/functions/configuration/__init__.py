"""The files that configure an app and its host: host.json and local.settings.json."""
