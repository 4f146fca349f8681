"""What holds for every test."""

from hypothesis import settings

# A loaded machine is slow at times; benchmarks hold speed, not tests.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
