"""The Functions host: HTTP triggers and Durable Functions for any Python v2 app folder."""
