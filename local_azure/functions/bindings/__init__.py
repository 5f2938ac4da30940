"""Input and output bindings of functions: what this host provides, binding expressions, and table bindings."""
