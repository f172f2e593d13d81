"""Every fault at every stage of a real run, on a stack of its own: ``make test-faults``."""
