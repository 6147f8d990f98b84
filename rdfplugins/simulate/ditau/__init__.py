"""Resonances that decay to two taus, their backgrounds, and data, in the format of CMS NanoAOD."""
