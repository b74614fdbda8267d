"""Measurements of speed and size, beside a neighbour and beside OpenSSL itself, in one run.

Absolute numbers belong to one machine and one minute; the ratios within a run are what counts. Nothing
here is part of the program: it starts real servers on loopback and talks to them over TLS.
"""
