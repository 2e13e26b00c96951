"""Proof against leakage: change what nobody could know at a cutoff, compute again, and nothing may be different."""
