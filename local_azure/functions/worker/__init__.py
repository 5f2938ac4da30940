"""The Python worker's part: import an app, check its functions against their bindings, and run them."""
