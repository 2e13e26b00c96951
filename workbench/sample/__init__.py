"""A simulated bank whose truth is known: customers, what they did, what was done to them, and, kept apart, why."""
