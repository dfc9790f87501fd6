"""Twelve pairs of texts that tell whether a judge reads at all."""
