"""From a model file to a mapped program: frontends, semantics, passes, mapping, and the driver above them."""
