"""The cloud on this machine: Azure Web PubSub and an Azure Functions host, for development and tests."""
