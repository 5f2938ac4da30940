"""Which function answers a request: route templates, their constraints and the order of precedence."""
